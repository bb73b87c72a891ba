import type { TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { childrenOf } from './support/processes.ts';
import { heldDumps, holdDumps, sourceDatabase, terminate } from './support/source.ts';
import { localDestination, register, storedLocally, untilSwept, useHoldfast, wholeBackup } from './support/system.ts';

describe('a dump that dies', () => {
  const holdfast = useHoldfast();

  const faults: {
    name: string;
    code: string;
    strike: (serverPids: number[], source: TestDatabase) => Promise<void>;
  }[] = [
    {
      name: 'pg_dump is killed',
      code: 'dump_killed',
      strike: async () => {
        const pids = holdfast().workers.flatMap(({ pid }) => childrenOf(pid, 'pg_dump'));
        expect(pids).to.have.length(1);
        for (const pid of pids) process.kill(pid, 'SIGKILL');
      },
    },
    {
      name: 'the server ends its session',
      code: 'connection_lost',
      strike: (serverPids, source) => terminate(source, serverPids),
    },
  ];

  for (const { name, code, strike } of faults) {
    it(`is tried again and ends whole when ${name} in its middle`, async () => {
      const { client } = holdfast();
      const source = await sourceDatabase();
      const databaseId = await register(holdfast(), source, await localDestination(holdfast(), code));
      const hold = await holdDumps(source);
      const { id } = await client.backup(databaseId);
      await strike(await heldDumps(source), source);
      const failed = await client.waitFor(id, ['scheduled'], 20);
      expect(failed.error).to.include({ code });
      await hold.release();

      const backup = await client.waitFor(id, ['done'], 20);
      expect(backup).to.include({ attempt: 2, error: null });
      await untilSwept(holdfast(), id);
      expect(storedLocally(holdfast(), id)).to.deep.equal({ a2: wholeBackup });
    });
  }

  it('ends as an error with the reason when every attempt dies, and leaves nothing behind', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'always'));
    const hold = await holdDumps(source);
    const { id } = await client.backup(databaseId);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await terminate(source, await heldDumps(source));
      await client.waitFor(id, attempt < 3 ? ['scheduled'] : ['error'], 20);
    }
    await hold.release();
    const backup = await client.findBackup(id);
    expect(backup).to.include({ status: 'error', attempt: 3, size: 0, checksum: null });
    expect(backup.error?.code).to.equal('connection_lost');
    await untilSwept(holdfast(), id);
    expect(storedLocally(holdfast(), id)).to.deep.equal({});
  });
});
