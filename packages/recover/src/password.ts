import { readFile, stat } from 'node:fs/promises';
import { HoldfastError, Secret } from '@holdfast/shared/domain';

export interface Reached {
  host: string;
  port: number;
  user: string;
  database: string;
}

/**
 * Finds the password for a server in a file as libpq reads it: lines of `host:port:database:user:password`, `*` for any,
 * `\` before what is meant literally.
 * @returns null when there is no such file or line
 * @throws HoldfastError configuration, when others may read the file
 */
export async function passwordFrom(path: string, { host, port, user, database }: Reached): Promise<Secret | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  if ((found.mode & 0o077) !== 0) {
    throw new HoldfastError('configuration', `${path} may be read by others: chmod 0600 it, or set PGPASSWORD.`);
  }
  const wanted = [host, String(port), database, user];
  for (const line of (await readFile(path, 'utf8')).split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    const password = fields[wanted.length];
    if (password === undefined) continue;
    if (wanted.every((value, index) => fields[index] === '*' || fields[index] === value)) return new Secret(password);
  }
  return null;
}

function fieldsOf(line: string): string[] {
  const fields = [''];
  for (const [, escaped, character] of line.matchAll(/\\(.)|(.)/gu)) {
    if (escaped === undefined && character === ':') fields.push('');
    else fields.push((fields.pop() ?? '') + (escaped ?? character ?? ''));
  }
  return fields;
}
