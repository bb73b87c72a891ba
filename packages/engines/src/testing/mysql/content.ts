import { createHash } from 'node:crypto';
import type { Connection } from '@holdfast/shared/domain';
import { createConnection, type Connection as Client } from 'mysql2/promise';

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export async function openClient({ host, port, user, password }: Connection, database?: string): Promise<Client> {
  const plain = {
    host,
    port,
    user,
    password: password?.reveal() ?? '',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  };
  const given = { ...plain, ...(database !== undefined && { database }) };
  const client = await createConnection({ ...given, ssl: { rejectUnauthorized: false } }).catch(() =>
    createConnection(given),
  );
  client.on('error', () => undefined);
  return client;
}

/**
 * Describes a database, the same for the same content: its defaults, the statement that makes each of its objects, and a
 * checksum of each table's rows. Whether an event runs is another matter.
 */
export async function contentOf(connection: Connection, database = connection.database): Promise<string[]> {
  const client = await openClient(connection, database);
  const rows = async (text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> => {
    const [found] = await client.query(text, values);
    return found as Record<string, unknown>[];
  };
  try {
    const lines: string[] = [];
    const add = (kind: string, of: readonly Record<string, unknown>[]): void =>
      void lines.push(...of.map((row) => `${kind} ${JSON.stringify(row).replaceAll(`\`${database}\`.`, '')}`));
    add('defaults', await rows('SELECT @@character_set_database AS c, @@collation_database AS l'));
    const tables = await rows(`SELECT table_name AS name, table_type AS type FROM information_schema.tables
      WHERE table_schema = DATABASE() AND table_name <> 'holdfast_restore' ORDER BY 1`);
    for (const { name, type } of tables) {
      add('made', await rows(`SHOW CREATE TABLE ${quote(String(name))}`));
      if (type === 'VIEW') continue;
      if (type === 'SEQUENCE') add('next', await rows(`SELECT next_not_cached_value FROM ${quote(String(name))}`));
      else lines.push(`rows of ${String(name)}: ${digest(await rows(`SELECT * FROM ${quote(String(name))}`))}`);
    }
    const kinds = [
      [
        'TRIGGER',
        'SELECT trigger_name AS name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1',
      ],
      ['EVENT', 'SELECT event_name AS name FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 1'],
      [
        'FUNCTION',
        `SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION' ORDER BY 1`,
      ],
      [
        'PROCEDURE',
        `SELECT routine_name AS name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE' ORDER BY 1`,
      ],
    ] as const;
    for (const [kind, text] of kinds)
      for (const { name } of await rows(text)) {
        const made = await rows(`SHOW CREATE ${kind} ${quote(String(name))}`);
        add(
          kind,
          made.map(({ Created: _created, ...row }) => ({
            ...row,
            ...(kind === 'EVENT' && { 'Create Event': statusFree(row['Create Event']) }),
          })),
        );
      }
    return lines;
  } finally {
    await client.end();
  }
}

/** Not the server's CHECKSUM TABLE: what it makes of indexes over expressions and of versions is another each time. */
function digest(rows: readonly Record<string, unknown>[]): string {
  const lines = rows.map((row) =>
    createHash('sha256')
      .update(JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
      .digest('hex'),
  );
  return createHash('sha256').update(lines.sort().join()).digest('hex');
}

const statusFree = (text: unknown): string => String(text).replaceAll(/(PRESERVE) (?:ENABLE|DISABLE) /g, '$1 ');

/** The names of all databases on the server. */
export async function databaseNames(connection: Connection): Promise<string[]> {
  const client = await openClient(connection);
  const [rows] = await client.query('SELECT schema_name AS name FROM information_schema.schemata ORDER BY 1');
  await client.end();
  return (rows as { name: string }[]).map(({ name }) => name);
}
