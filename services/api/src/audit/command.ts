import type { Persistence } from '@holdfast/persistence';
import type { Account } from '@holdfast/shared/domain';

type Log = Pick<Account, 'name'> & { id: number | null };

const mostShown = 1000;
const installation: Log = { id: null, name: 'the installation' };

/** The log of one account or, for null, all logs. */
const logsOf = async ({ accounts }: Persistence, account: Account | null): Promise<Log[]> =>
  account ? [account] : [installation, ...(await accounts.list())];

/**
 * Looks at every entry.
 * @param expected hashes that were printed by an earlier call
 * @returns what was found, in lines for people, and what is wrong; null where all is whole
 */
export async function verifyAudit(
  persistence: Persistence,
  account: Account | null,
  expected: readonly string[],
): Promise<{ lines: string[]; problem: string | null }> {
  const lines: string[] = [];
  const found = new Set<string>();
  let broken = 0;
  for (const { id, name } of await logsOf(persistence, account)) {
    const log = await persistence.audit.verify(id, expected);
    for (const hash of log.found) found.add(hash);
    if (log.broken) {
      broken += 1;
      lines.push(`${name}: BROKEN at entry ${log.broken.position}: ${log.broken.problem}`);
    } else {
      lines.push(`${name}: ${log.entries} entries, whole${log.head === null ? '' : `, the last one is ${log.head}`}`);
    }
  }
  const missing = expected.filter((hash) => !found.has(hash));
  const problems = [
    broken > 0 && `${broken === 1 ? 'One log is' : `${broken} logs are`} not as they were written.`,
    missing.length > 0 && `No entry has the hash ${missing.join(', ')}: it was cut off or changed.`,
  ].filter((problem) => problem !== false);
  return { lines, problem: problems.length === 0 ? null : problems.join(' ') };
}

/** The newest entries of a log, oldest first, each as one line of JSON. */
export async function listAudit({ audit }: Persistence, account: Account | null): Promise<string[]> {
  const all = { before: null, action: null, objectId: null, limit: mostShown };
  const found = await audit.list(account?.id ?? null, all);
  return found
    .toReversed()
    .map(({ details, ...entry }) => JSON.stringify({ ...entry, details: JSON.parse(details) as object }));
}
