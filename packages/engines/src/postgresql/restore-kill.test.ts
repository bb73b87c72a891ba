import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { calm, contentOf, dumpOf, newDatabase, openClient } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

/** A process that restores in place, says "begun" when it begins and "done" when it has restored. */
const script = `
  import { createReadStream } from 'node:fs';
  import { Secret } from ${JSON.stringify(import.meta.resolve('@holdfast/shared/domain'))};
  import { createEngines } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
  const { connection, archive, restoreId } = JSON.parse(process.argv[1]);
  const engine = createEngines({ clientFolders: [] }).get('postgresql');
  console.log('begun');
  await engine.restore({ ...connection, password: new Secret(connection.password) },
    { target: { mode: 'in_place' }, ownership: 'keep', restoreId }, createReadStream(archive), { signal: new AbortController().signal });
  console.log('done');`;

describe('a restore in place that is killed', function () {
  this.timeout(120_000);

  it('leaves the whole old or the whole new content at any moment, and cleanUpRestore removes the rest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
    const archive = join(folder, 'archive');
    const connection = await newDatabase('sample');
    const server = await sharedPostgres();
    const content = await contentOf(connection);
    writeFileSync(archive, await dumpOf(engine, connection));
    await server.query(connection.database, 'create table since_then (n int)');
    const changed = await contentOf(connection);

    const ends = { old: 0, new: 0 };
    const leftBefore = { something: 0 };
    for (let afterMs = 0; ends.new < 2; afterMs += 40) {
      const restoreId = randomUUID();
      const given = JSON.stringify({
        archive,
        restoreId,
        connection: { ...connection, password: connection.password?.reveal() },
      });
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script, given], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      await delay(afterMs);
      child.kill('SIGKILL');
      await exited;

      const alive = await openClient(connection);
      await alive.end();
      const suffix = restoreId.slice(-12);
      const beside = `select from pg_database where datname like '%${suffix}'`;
      leftBefore.something += (await server.query('postgres', beside)).length > 0 ? 1 : 0;
      await engine.cleanUpRestore(connection, restoreId, calm());
      expect(await server.query('postgres', beside)).to.deep.equal([]);
      const now = await contentOf(connection);
      const isNew = now.join('\n') === content.join('\n');
      if (!isNew) expect(now).to.deep.equal(changed);
      ends[isNew ? 'new' : 'old'] += 1;
      if (isNew) await server.query(connection.database, 'create table since_then (n int)');
    }
    expect(ends.old).to.be.greaterThan(2);
    expect(leftBefore.something).to.be.greaterThan(0);
    rmSync(folder, { recursive: true });
  });
});
