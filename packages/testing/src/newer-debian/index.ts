import { existsSync } from 'node:fs';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '../../../../.holdfast/newer-debian/bin');

/**
 * The folder with programs of a newer Debian than the machine's own, unpacked by `npm test`: `mysqld`, `mysqldump`, `mysql`,
 * `valkey-server`, `valkey-cli`, `pg_dump`, `pg_dumpall`, `pg_restore`, `psql`.
 * @returns null where they are not there
 */
export function newerDebian(): string | null {
  return existsSync(bin) ? bin : null;
}
