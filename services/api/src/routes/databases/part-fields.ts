import { parseSchemaPattern, parseTablePattern, type DatabaseOptions } from '@holdfast/shared/domain';
import { z } from 'zod';
import { text } from '../../http/fields.ts';

/** Twice what PostgreSQL keeps of both names, for quotes. */
const longest = 256;
const most = 100;

const schema = text(longest).refine((value) => parseSchemaPattern(value) !== null, {
  error: 'must be a schema as SQL writes it, with quotes where it needs them; * stands for any characters',
});
const table = text(longest).refine((value) => parseTablePattern(value) !== null, {
  error: 'must be schema.table as SQL writes it, with quotes where it needs them; * stands for any characters',
});
const names = (of: typeof schema) => z.array(of).min(1).max(most).optional();
const isGiven = (value: object): boolean => Object.values(value).some((list) => list !== undefined);
const empty = { error: 'must name something, or be left out' };

export const include = z
  .strictObject({ schemas: names(schema), tables: names(table) })
  .refine(isGiven, empty)
  .refine(({ schemas, tables }) => !schemas || !tables, { error: 'must name schemas or tables, not both' });

export const exclude = z
  .strictObject({ schemas: names(schema), tables: names(table), table_data: names(table) })
  .refine(isGiven, empty);

/** What does not go together, each to the end of the sentence "The options field". */
export function partProblems({ include: only, exclude: without }: DatabaseOptions): string[] {
  if (!only?.tables || !without?.schemas) return [];
  return ['must not hold exclude.schemas beside include.tables: named tables are taken from whatever schema'];
}
