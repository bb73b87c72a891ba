import { HoldfastError } from '@holdfast/shared/domain';
import type { Flavour } from './flavour.ts';

/** The defaults of a database, which the dump program does not tell. */
export interface Defaults {
  charset: string;
  collation: string;
}

/** The first line of an archive. What follows is what the dump program wrote. */
export const firstLine = ({ charset, collation }: Defaults): string =>
  `-- Database defaults: CHARACTER SET ${charset} COLLATE ${collation}\n`;

const written = /^-- Database defaults: CHARACTER SET (\w+) COLLATE (\w+)$/;
const dumpLine = /^-- (?:MySQL|MariaDB) dump .*$/m;

/** The last line of a dump that is whole. */
export const trailer = /(?:^|\n)-- Dump completed(?: on [^\n]*)?\n*$/;
/** Bytes that the trailer takes at most. */
export const trailerBytes = 200;

/**
 * Reads what stands in front of an archive.
 * @throws HoldfastError integrity when it is none; configuration when it is one of the other flavour
 */
export function readHead(head: string, flavour: Flavour): Defaults {
  const [, charset, collation] = written.exec(head.slice(0, head.indexOf('\n'))) ?? [];
  const line = dumpLine.exec(head)?.[0];
  if (charset === undefined || collation === undefined || line === undefined)
    throw new HoldfastError('integrity', `The archive does not begin as a dump of ${flavour.product} does.`);
  if (line.includes('MariaDB') !== (flavour.type === 'mariadb'))
    throw new HoldfastError('configuration', `The archive is not of ${flavour.product}: it begins with "${line}".`);
  return { charset, collation };
}
