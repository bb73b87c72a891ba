import { allDatabases, isNumber } from './places.ts';

/** How a sentence begins that is about a database. */
export function titleOf(name: string): string {
  if (name === allDatabases) return 'The databases of the server';
  return isNumber(name) ? `Database ${name}` : `Database "${name}"`;
}

export const numbersOf = (databases: readonly { number: number }[]): string =>
  databases
    .map(({ number }) => number)
    .sort((a, b) => a - b)
    .join(', ');

/** What of a backup was not brought back, in sentences that go behind others. */
export function leftOut({ expired, libraries }: { expired: number; libraries: boolean }): string {
  const keys = expired === 1 ? 'One key had' : `${expired} keys had`;
  return [
    expired > 0 ? ` ${keys} expired since the backup and came not back.` : '',
    libraries ? ' Libraries of functions belong to the server and were left as they are.' : '',
  ].join('');
}
