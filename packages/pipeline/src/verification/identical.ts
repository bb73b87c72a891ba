import type { Manifest } from '@holdfast/shared/contracts';
import {
  compareContent,
  type Connection,
  type ContentDifference,
  type Engine,
  type Finding,
  type Verdict,
} from '@holdfast/shared/domain';
import { readContentFile } from '../content-file.ts';
import { keysFor } from '../keys.ts';
import type { VerificationRun } from './verification-run.ts';
import { scratchRequest } from './scratch.ts';
import { findingOf, isSuspicious } from './suspicion.ts';

/** Differences that are told one by one, and those that the damage of the backup names. */
const mostFindings = 100;
const mostNamed = 5;

/** Differences that the scratch server makes: it has another version of an extension, or lets something not be measured. */
const ofScratch: ReadonlySet<ContentDifference['what']> = new Set(['version', 'unmeasured']);

/** Compares what the scratch database holds with what the source held at the moment of its dump. */
export async function proveIdentical(
  run: VerificationRun,
  manifest: Manifest,
  engine: Engine,
  connection: Connection,
): Promise<Verdict> {
  try {
    return judge(await compare(run, manifest, engine, connection));
  } catch (error) {
    run.signal.throwIfAborted();
    if (isSuspicious(error)) throw error;
    return restorable([findingOf(error)]);
  }
}

/** What was compared, and what could not be; null where the backup has nothing to compare with. */
interface Comparison {
  differences: ContentDifference[];
  missing: string[];
}

async function compare(
  { store, keys, verification, signal }: VerificationRun,
  manifest: Manifest,
  engine: Engine,
  connection: Connection,
): Promise<Comparison | null> {
  const expected = await readContentFile(store, manifest, keysFor(manifest, keys), signal);
  if (!expected) return null;
  const { target } = scratchRequest(verification, engine, connection);
  const database = target.mode === 'new_database' ? target.database : connection.database;
  const found = await engine.readContent({ ...connection, database }, expected, { signal });
  return {
    differences: compareContent(expected, found),
    missing: [...new Set([...expected.missing, ...found.missing])],
  };
}

function judge(comparison: Comparison | null): Verdict {
  if (!comparison) {
    const message = 'The backup has no content manifest that what was restored could be compared with.';
    return restorable([{ code: 'no_content', message }]);
  }
  const { differences, missing } = comparison;
  const unlike = differences.filter(({ what }) => !ofScratch.has(what)).map(({ message }) => message);
  const findings = [
    ...unlike.map((message) => ({ code: 'content_differs', message })),
    ...differences
      .filter(({ what }) => ofScratch.has(what))
      .map(({ message }) => ({ code: 'not_comparable', message })),
    ...missing.map((message) => ({ code: 'content_incomplete', message })),
  ];
  if (findings.length === 0) return { reached: 'identical', findings, damage: null };
  if (unlike.length === 0) return restorable(findings);
  const more = unlike.length > mostNamed ? ` And ${unlike.length - mostNamed} more.` : '';
  return {
    ...restorable(findings),
    damage: { state: 'unfaithful', detail: unlike.slice(0, mostNamed).join(' ') + more },
  };
}

const restorable = (findings: Finding[]): Verdict => ({
  reached: 'restorable',
  findings: findings.slice(0, mostFindings),
  damage: null,
});
