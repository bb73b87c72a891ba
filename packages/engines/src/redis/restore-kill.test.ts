import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  calm,
  describeRedis,
  dumpOf,
  fillRandomly,
  fillTypes,
  redisNames,
  startRedisData,
} from '@holdfast/testing/engines';
import { needsRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('redis');

/** A process that restores in place and says "done" when it has. */
const script = `
  import { createReadStream } from 'node:fs';
  import { Secret } from ${JSON.stringify(import.meta.resolve('@holdfast/shared/domain'))};
  import { RedisClients } from ${JSON.stringify(new URL('clients.ts', import.meta.url).href)};
  import { redisEngine } from ${JSON.stringify(new URL('engine.ts', import.meta.url).href)};
  const { connection, archive, restoreId } = JSON.parse(process.argv[1]);
  const engine = redisEngine(new RedisClients([]));
  await engine.restore({ ...connection, password: new Secret(connection.password) },
    { target: { mode: 'in_place' }, ownership: 'keep', restoreId }, createReadStream(archive), { signal: new AbortController().signal });
  console.log('done');`;

describe('a restore of Redis in place that is killed', function () {
  this.timeout(120_000);

  it('leaves the whole old or the whole new content at any moment, and cleanUpRestore removes the rest', async function () {
    needsRedis(this);
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
    const archive = join(folder, 'archive');
    const data = await startRedisData();
    const connection = { ...data.connection, database: '2' };
    const client = await data.open(2);
    await fillTypes(client);
    await fillRandomly(client, 16 << 20);
    const content = await describeRedis(client);
    const spare = await data.open(127);
    writeFileSync(archive, await dumpOf(engine, connection));
    const names = async (): Promise<string[]> => {
      const looking = await data.open(0);
      const found = [...(await redisNames(looking)).keys()];
      looking.disconnect();
      return found;
    };

    /** Kills a restore when it has got so far. @returns whether the target holds the new content */
    const killed = async (isTime: (said: string) => Promise<boolean>): Promise<boolean> => {
      await client.set('since then', 'x');
      const changed = await describeRedis(client);
      const restoreId = randomUUID();
      const secret = connection.password?.reveal();
      const given = JSON.stringify({ archive, restoreId, connection: { ...connection, password: secret } });
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script, given], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exited = once(child, 'exit');
      await until(
        'it is so far',
        30,
        () => isTime(said),
        () => said,
        1,
      );
      child.kill('SIGKILL');
      await exited;

      if (!said.includes('done')) expect(await names()).to.have.length(2);
      await engine.cleanUpRestore(connection, restoreId, calm());
      expect(await names()).to.deep.equal(['2']);
      const now = await describeRedis(client);
      if (now.includes(changed.at(-1) ?? '') && now.length === changed.length) expect(now).to.deep.equal(changed);
      else expect(now).to.deep.equal(content);
      return now.length === content.length;
    };
    expect(await killed(async () => (await spare.dbsize()) > 10)).to.equal(false);
    expect(await killed(async (said) => said.includes('done'))).to.equal(true);
    spare.disconnect();
    client.disconnect();
    rmSync(folder, { recursive: true });
  });
});
