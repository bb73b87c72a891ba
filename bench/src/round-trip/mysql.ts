import { startMysql, type Flavour } from '@holdfast/testing/mysql';
import type { LargeSource } from './source.ts';

/** Bytes of a row with its keys, about. */
const rowBytes = 430;
const tables = ['first', 'second', 'third'];
/** As large as the redo log of a test server takes in one transaction. */
const rowsAtOnce = 100_000;

/** Of a server for large databases; nothing that it holds has to outlive a crash. */
const settings = [
  '--innodb-buffer-pool-size=1G',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=OFF',
  '--skip-log-bin',
];
const redoLog = { mysql: '--innodb-redo-log-capacity=2G', mariadb: '--innodb-log-file-size=2G' } as const;

export async function mysqlSource(flavour: Flavour): Promise<LargeSource> {
  const server = await startMysql({ flavour, args: [...settings, redoLog[flavour]], large: true });
  const { host, port, user, password } = server;
  return {
    fields: { type: flavour, host, port, user, password },
    fill: async (database, gigabytes) => {
      const rows = Math.ceil((gigabytes * 1e9) / rowBytes / tables.length);
      await server.query(`create database ${database}`);
      for (const name of tables) {
        const table = `${database}.${name}_table`;
        await server.query(
          `create table ${table} (id bigint auto_increment primary key, code char(32), body text, raw varbinary(64), at datetime, key (code))`,
          `insert into ${table} (code, body, raw, at) values ('a', 'x', x'00', now())`,
        );
        for (let made = 1; made < rows; made += Math.min(made, rows - made, rowsAtOnce)) {
          await server.query(
            `use ${database}`,
            `insert into ${table} (code, body, raw, at)
             select left(sha2(rand(), 256), 32), concat(repeat(left(sha2(rand(), 256), 32), 8), ' ü 🦥 \\'quoted\\' '), unhex(sha2(rand(), 256)), now()
             from ${table} limit ${Math.min(made, rows - made, rowsAtOnce)}`,
          );
        }
      }
      const [size] = await server.query(
        `select cast(sum(data_length + index_length) as double) as bytes from information_schema.tables where table_schema = '${database}'`,
      );
      return { bytes: Number(size?.['bytes']) };
    },
    content: async (database) => {
      const names = tables.map((name) => `${database}.${name}_table`);
      const sums = await server.query(`checksum table ${names.join(', ')}`);
      return sums.map((sum) => String(sum['Checksum']));
    },
    drop: async (database) => {
      await server.query(`drop database ${database}`);
    },
  };
}
