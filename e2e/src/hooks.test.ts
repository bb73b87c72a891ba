import { expect } from 'chai';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyWorker } from './support/processes.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';

describe('hooks of a worker that is killed', function suite() {
  this.timeout(90_000);
  let folder: string;
  const holdfast = useHoldfast(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-hooks-'));
    return { workers: 2, schedulers: 1, env: { HOLDFAST_HOOKS: folder } };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('are made good by another: what was frozen is released before it is frozen anew', async () => {
    const { client } = holdfast();
    const log = join(folder, 'log');
    const program = join(folder, 'note');
    await writeFile(
      program,
      `#!/bin/sh\necho "$HOLDFAST_HOOK $HOLDFAST_ATTEMPT $HOLDFAST_STATUS$HOLDFAST_ERROR_CODE" >> ${log}\n`,
    );
    await chmod(program, 0o755);
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'hooks'));
    const note = [{ type: 'command', command: 'note' }];
    const changed = await client.request('PATCH', `/api/databases/${databaseId}`, {
      database: { hooks: { before: note, after: note } },
    });
    expect(changed.status, JSON.stringify(changed.body)).to.equal(200);
    const hold = await holdDumps(source);
    const { id } = await client.backup(databaseId);
    await heldDumps(source);
    await busyWorker(holdfast()).kill();
    await hold.release();
    expect(await client.waitFor(id, ['done'], 40)).to.include({ attempt: 2 });
    const said = (await readFile(log, 'utf8')).trim().split('\n');
    expect(said.map((line) => line.trim())).to.deep.equal([
      'before 1',
      'after 1 errorlease_expired',
      'before 2',
      'after 2 done',
    ]);
  });
});
