import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type Engine } from '@holdfast/shared/domain';
import { calm, failureOf, fakePrograms, newDatabase } from '@holdfast/testing/engines';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';
import { Clients } from './clients.ts';
import { checkReadable } from './readable.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');
const streamOf = (bytes: Buffer): Readable =>
  Readable.from([bytes.subarray(0, 700), bytes.subarray(700)], { objectMode: false });
const check = (bytes: Buffer, by: Pick<Engine, 'checkReadable'> = engine): Promise<void> =>
  by.checkReadable(streamOf(bytes), calm());

/** What is checked by a pg_restore that answers for its version and then does as told. */
const by = (source: string): Pick<Engine, 'checkReadable'> => {
  const version = `if (process.argv[2] === '--version') { console.log('pg_restore (PostgreSQL) 99.1'); process.exit(0); }`;
  const clients = new Clients([fakePrograms({ pg_restore: `${version}\n${source}` })], []);
  return { checkReadable: (input, context) => checkReadable(clients, input, context) };
};

describe('reading of a PostgreSQL archive to its end', () => {
  let archive: Buffer;
  before(async () => {
    archive = await buffer((await engine.dump(await newDatabase('sample'), calm())).stream);
  });
  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  it('takes a whole archive', async () => {
    await check(archive);
  });

  it('refuses one that is cut, also behind its table of contents, and what is none', async () => {
    for (const share of [0.5, 0.9, 0.999]) {
      await failureOf(check(archive.subarray(0, Math.floor(archive.length * share))), 'integrity');
    }
    await failureOf(check(Buffer.from('This is no archive.')), 'integrity');
    await failureOf(check(Buffer.alloc(0)), 'integrity');
  });

  it('demands that the program exits 0, and tells a killed or missing one from a damaged archive', async () => {
    const reads = `process.stdin.resume().on('end', () => {`;
    const said = await failureOf(
      check(archive, by(`${reads} console.error('boom'); process.exitCode = 1; })`)),
      'integrity',
    );
    expect(said.message).to.include('boom');
    await failureOf(check(archive, by(`process.kill(process.pid, 'SIGKILL')`)), 'restore_killed');
    const nowhere: Pick<Engine, 'checkReadable'> = {
      checkReadable: (input, context) => checkReadable(new Clients([], []), input, context),
    };
    expect((await failureOf(check(archive, nowhere), 'client_missing')).message).to.match(/pg_dump 15.*install/);
  });

  it('fails with what its input failed with', async () => {
    const damaged = new HoldfastError('integrity', 'The bytes are others.');
    const input = Readable.from(
      (function* () {
        yield archive.subarray(0, 2000);
        throw damaged;
      })(),
    );
    expect(await engine.checkReadable(input, calm()).catch((error: unknown) => error)).to.equal(damaged);
  });

  it('reads roles without applying them, and refuses a file that was cut', async () => {
    const { globals } = engine;
    if (!globals) throw new Error('The engine has no globals.');
    const roles = await buffer((await globals.dump(await newDatabase('empty'), calm())).stream);
    await globals.checkReadable(streamOf(roles), calm());
    await failureOf(globals.checkReadable(streamOf(roles.subarray(0, -60)), calm()), 'integrity');
  });
});
