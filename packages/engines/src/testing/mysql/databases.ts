import { Secret, type Connection } from '@holdfast/shared/domain';
import { sharedMysql, type Flavour, type TestMysql } from '@holdfast/testing/mysql';
import { oddContent } from './odd-content.ts';

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A connection as superuser to a database of a test server. */
function connectionTo(server: TestMysql, database: string, change: Partial<Connection> = {}): Connection {
  const { host, port, user } = server;
  return { host, port, user, password: new Secret(server.password), database, options: {}, ...change };
}

let made = 0;

/** A new database on a test server (the shared one of the flavour when none is given). */
export async function newDatabase(
  flavour: Flavour,
  statements: readonly string[] = [],
  { server, name }: { server?: TestMysql; name?: string } = {},
): Promise<Connection> {
  const on = server ?? (await sharedMysql(flavour));
  made += 1;
  const database = name ?? `engine_${process.pid}_${made}`;
  await on.query(
    `DROP DATABASE IF EXISTS ${quote(database)}`,
    `CREATE DATABASE ${quote(database)} CHARACTER SET utf8mb4`,
    `USE ${quote(database)}`,
    ...statements,
  );
  return connectionTo(on, database);
}

/** Statements that fill a database with more than pipes between programs hold. */
export const sample = (flavour: Flavour): string[] => [
  'CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60) NOT NULL, balance DECIMAL(14,2), born DATE)',
  `INSERT INTO customers (name, balance, born) SELECT CONCAT('customer ', n), n / 13.0, DATE_ADD('1950-01-01', INTERVAL n % 20000 DAY) FROM (${numbers(2000)}) t`,
  'CREATE TABLE noise (id INT PRIMARY KEY, content LONGBLOB NOT NULL)',
  `INSERT INTO noise SELECT n, UNHEX(SHA2(n, 512)) FROM (${numbers(100)}) t`,
  ...Array.from({ length: 7 }, () => 'UPDATE noise SET content = CONCAT(content, UNHEX(SHA2(content, 512)), content)'),
  ...oddContent(flavour),
];

/** A query of the numbers from 0. */
export const numbers = (count: number): string =>
  `SELECT a.n + 100 * b.n AS n FROM ${['a', 'b'].map((name) => `(SELECT t.n + 10 * u.n AS n FROM ${digits('t')}, ${digits('u')}) ${name}`).join(', ')} WHERE a.n + 100 * b.n < ${count}`;

const digits = (name: string): string =>
  `(${Array.from({ length: 10 }, (_none, n) => `SELECT ${n} AS n`).join(' UNION ALL ')}) ${name}`;
