/** A table by its names, without quotes. */
export interface TableName {
  schema: string;
  table: string;
}

/** Reads `schema.table` as SQL does: what is not quoted is lower-case. @returns null when it is not of that form */
export function parseTableName(text: string): TableName | null {
  const part = '("(?:[^"]|"")+"|[^".\\s]+)';
  const match = new RegExp(`^\\s*${part}\\s*\\.\\s*${part}\\s*$`, 'u').exec(text);
  const [, schema, table] = match ?? [];
  return schema === undefined || table === undefined ? null : { schema: unquote(schema), table: unquote(table) };
}

/** As people write it: quoted where it has to be. Keywords are not known here. */
export const writeTableName = ({ schema, table }: TableName): string => `${quote(schema)}.${quote(table)}`;

function unquote(part: string): string {
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll('""', '"');
  return part.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const quote = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
