import { hash } from 'node:crypto';
import type { ContentItem } from '@holdfast/shared/domain';
import { BSON } from 'mongodb';

/** What a collection or view is, beside its documents. */
export interface Definition {
  name: string;
  type: string;
  options: object;
  indexes: readonly unknown[];
}

/** What programs and servers of different versions write in different ways, or not at all. */
const unlike: ReadonlySet<string> = new Set([
  'v',
  'ns',
  'background',
  'uuid',
  'textIndexVersion',
  '2dsphereIndexVersion',
]);

/** The definition of a collection as the metadata of an archive holds it. */
export function definitionOf(name: string, type: string, metadata: string): Definition {
  const parsed = metadata === '' ? {} : (BSON.EJSON.parse(metadata) as { options?: object; indexes?: unknown });
  const indexes = Array.isArray(parsed.indexes) ? (parsed.indexes as unknown[]) : [];
  return { name, type: type === '' ? 'collection' : type, options: parsed.options ?? {}, indexes };
}

/** The items that compare a definition; its wording is compared only with one of the same server version. */
export function definitionItems({ name, type, options, indexes }: Definition, serverVersion: string): ContentItem[] {
  const item = (kind: string, of: string, what: unknown): ContentItem => {
    const digest = `${serverVersion}: ${hash('sha256', canonical(what), 'hex').slice(0, 32)}`;
    return { kind, name: of, count: null, digest, share: 1 };
  };
  if (type === 'view') return [item('view', name, options)];
  const own = indexes.flatMap((index) => {
    const { name: indexName } = index as { name?: unknown };
    return typeof indexName !== 'string' || indexName === '_id_' ? [] : [item('index', `${name}.${indexName}`, index)];
  });
  const hasOptions = Object.keys(options).length > 0;
  return hasOptions ? [item('options', name, options), ...own] : own;
}

/** Text that is equal for what means the same. The order of an index' fields, and of a pipeline's, means something. */
function canonical(value: unknown): string {
  const relaxed = BSON.EJSON.serialize({ value }, { relaxed: true });
  const known = (relaxed as { value: unknown }).value;
  if (typeof known !== 'object' || known === null || Array.isArray(known)) return JSON.stringify(known);
  const fields = Object.entries(known).filter(([key]) => !unlike.has(key));
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
