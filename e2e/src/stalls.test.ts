import { expect } from 'chai';
import type { BackupView, Holdfast } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { childrenOf } from './support/processes.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, register, storedLocally, untilSwept, useHoldfast, wholeBackup } from './support/system.ts';

interface AttemptView {
  attempt: number;
  started_at: string;
  ended_at: string | null;
  worker: string;
  bytes: number;
  error: { code: string; message: string } | null;
  settled: boolean;
}

const attemptsOf = (backup: BackupView): AttemptView[] => (backup as BackupView & { attempts: AttemptView[] }).attempts;

describe('a backup that stands still', () => {
  const env = { HOLDFAST_STALL_SECONDS: '3', HOLDFAST_LOCK_TIMEOUT_SECONDS: '1' };
  const holdfast = useHoldfast(() => ({ env }));

  const dumpOf = ({ workers }: Holdfast): number | undefined =>
    workers.flatMap(({ pid }) => childrenOf(pid, 'pg_dump'))[0];

  it('because its program hangs has the program killed, and is made by the next attempt, which the history shows', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'hangs'));
    const hold = await holdDumps(source);
    const { id } = await client.backup(databaseId);
    await heldDumps(source);
    const program = await until('the program', 15, () => dumpOf(holdfast()));
    process.kill(program, 'SIGSTOP');
    await hold.release();
    const backup = await client.waitFor(id, ['done'], 30);
    await until('the program to be killed', 10, () => dumpOf(holdfast()) === undefined);
    const [first, second, ...more] = attemptsOf(backup);
    expect(more).to.deep.equal([]);
    expect(first).to.include({ attempt: 1, settled: false });
    expect(first?.error).to.include({ code: 'stalled' });
    expect(first?.error?.message).to.contain('the dump program');
    expect(first?.ended_at).to.be.a('string');
    expect(second).to.deep.include({ attempt: 2, settled: true, error: null });
    expect(second?.bytes).to.be.greaterThan(1_000_000);
    await untilSwept(holdfast(), id);
    expect(storedLocally(holdfast(), id)).to.deep.equal({ a2: wholeBackup });
  });

  it('because a table is locked says so, names the table, and is made when the lock is gone', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'locked'));
    const lock = await holdDumps(source, 'filler');
    const { id } = await client.backup(databaseId);
    const failed = await until('a failed attempt', 20, async () => {
      const backup = await client.findBackup(id);
      return backup.error === null ? null : backup;
    });
    await lock.release();
    expect(failed.error).to.include({ code: 'lock_timeout' });
    expect(failed.error?.message).to.contain('filler');
    const next = (failed as BackupView & { next_attempt_at: string | null }).next_attempt_at;
    if (failed.status === 'scheduled') expect(next).to.be.a('string');
    const backup = await client.waitFor(id, ['done'], 20);
    expect(attemptsOf(backup).map(({ error }) => error?.code ?? 'settled')).to.include.members([
      'lock_timeout',
      'settled',
    ]);
  });
});
