import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { usageError } from '../exits.ts';
import { fileSchema, type File } from './file.ts';

/** Where something stands in a file: from the outermost key to the innermost. */
export type Path = readonly (string | number)[];

export interface ReadFile {
  content: File;
  /** Such as `holdfast.yaml:12:5`, of what stands there or of what it would stand in. */
  at: (path: Path) => string;
}

const mostAliases = 100;

/**
 * Reads a file and names everything that is wrong with it, each with its line and column.
 * @param source what the file is called in messages
 * @throws CliError usage
 */
export function readConfiguration(text: string, source: string): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${source}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken) throw usageError(`${where(broken.pos[0])}: ${broken.message}`);
  const at = (path: Path): string => where(offsetOf(document, path));
  const content: unknown = document.toJS({ maxAliasCount: mostAliases });
  // Rather a file that was not written, or a variable that was not set, than a wish.
  if (content === null || content === undefined) throw usageError(`${source} is empty: it declares nothing.`);
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return { content: parsed.data, at };
  const problems = parsed.error.issues.flatMap((issue) => sentences(issue, at));
  throw usageError(problems.join('\n'));
}

type Issue = z.core.$ZodIssue;

/** What is wrong at one place; never what stands there, which may be a secret. */
function sentences(issue: Issue, at: (path: Path) => string): string[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${at([...path, key])}: ${[...path, key].join('.')} is not known.`);
  }
  const whole = path.join('.');
  return [`${at(path)}: ${whole === '' ? 'The file' : whole} ${predicate(issue)}.`];
}

function predicate(issue: Issue): string {
  if (issue.message.startsWith('must ')) return issue.message;
  if (issue.code === 'invalid_type') return `must be a ${issue.expected}, or is missing`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  return `is not valid: ${issue.message}`;
}

/** The offset of the key or item at a path, or of the innermost thing around it that there is. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return offset;
      offset = rangeOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = rangeOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const rangeOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0];
