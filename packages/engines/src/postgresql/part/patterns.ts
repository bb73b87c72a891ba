import {
  HoldfastError,
  parseSchemaPattern,
  parseTablePattern,
  type NamePattern,
  type TablePattern,
} from '@holdfast/shared/domain';
import { escapeLiteral } from 'pg';

/** @throws HoldfastError configuration */
export const schemaPatterns = (texts: readonly string[] = []): NamePattern[] =>
  texts.map((text) => parseSchemaPattern(text) ?? refuse(text, 'schema'));

/** @throws HoldfastError configuration */
export const tablePatterns = (texts: readonly string[] = []): TablePattern[] =>
  texts.map((text) => parseTablePattern(text) ?? refuse(text, 'schema.table'));

function refuse(text: string, form: string): never {
  throw new HoldfastError('configuration', `"${text}" is not of the form ${form}: correct the database's options.`);
}

/** As pg_dump takes a name: everything but the stars is quoted, so that it means nothing but itself. */
export const programPattern = (name: NamePattern): string =>
  name.map((text) => (text === '' ? '' : `"${text.replaceAll('"', '""')}"`)).join('*');

export const programTable = ({ schema, table }: TablePattern): string =>
  `${programPattern(schema)}.${programPattern(table)}`;

/** A condition on a column that holds names. */
export function matches(column: string, name: NamePattern): string {
  const escaped = name.map((text) => text.replaceAll(/[^\p{L}\p{N}]/gu, '\\$&'));
  return `${column} collate "C" ~ ${escapeLiteral(`^${escaped.join('.*')}$`)}`;
}
