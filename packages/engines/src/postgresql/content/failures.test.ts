import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, Secret, type Connection, type ContentManifest, type Dump } from '@holdfast/shared/domain';
import { calm, failureOf, fakePrograms, newDatabase } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../../index.ts';
import { runningPrograms } from '../../process/index.ts';
import { conditionsOf } from '../part/conditions.ts';
import { exportSnapshot, openMeasuring, within } from './snapshot.ts';
import { listTables, measureTable, TableChanged } from './tables.ts';

const engine = createEngines({ clientFolders: [], lockTimeoutSeconds: 1 }).get('postgresql');
const wish = { content: 'full', contentSeconds: 600 } as const;

/** An engine whose pg_dump is the machine's own, and does something before it, or as soon as it holds its locks. */
const engineThat = (before: string, onceLocked = ''): typeof engine => {
  const source = `
    const { spawn, execFileSync } = require('child_process');
    const isDump = process.argv[2] !== '--version';
    if (isDump) { ${before} }
    const child = spawn('pg_dump', process.argv.slice(2), { stdio: ['inherit', 'pipe', 'inherit'] });
    child.stdout.once('readable', () => {
      if (isDump) { ${onceLocked} }
      child.stdout.pipe(process.stdout);
    });
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('close', (code) => { process.exitCode = code ?? 1; });`;
  const folder = fakePrograms({ pg_dump: source });
  return createEngines({ clientFolders: [folder], lockTimeoutSeconds: 1 }).get('postgresql');
};

const contentOf = async ({ stream, content }: Dump): Promise<ContentManifest> => {
  await buffer(stream);
  if (!content) throw new Error('The dump has no content.');
  return await content;
};

const itemOf = (content: ContentManifest, name: string) =>
  content.items.find((item) => item.kind === 'table' && item.name === name);

describe('content that cannot be measured', () => {
  let server: TestPostgres;
  let source: Connection;

  before(async () => {
    server = await startPostgres();
    source = await newDatabase('sample', server);
  });
  after(() => server.stop());

  const run = (...statements: string[]) => server.query(source.database, ...statements);
  const sessions = async (): Promise<number> => {
    const [row] = await server.query(
      'postgres',
      `select count(*)::int as n from pg_stat_activity where application_name like 'holdfast%' and datname is not null`,
    );
    return Number(row?.['n']);
  };
  const waitingForNoise = async (): Promise<number> => {
    const [row] = await run(
      `select count(*)::int as n from pg_locks where not granted and relation = 'noise'::regclass`,
    );
    return Number(row?.['n']);
  };
  afterEach(() => until('no session is left', 15, async () => (await sessions()) === 0));

  it('is absent where nobody asked for it', async () => {
    const dump = await engine.dump(source, calm());
    expect(dump).to.not.have.property('content');
    await buffer(dump.stream);
  });

  it('names each table that the time was not enough for, and the dump is good', async () => {
    const content = await contentOf(await engine.dump(source, calm(), { content: 'full', contentSeconds: 0.001 }));
    expect(content.missing).to.include(
      'public.documents: not measured, because the time for it, 0.001 seconds, was over.',
    );
    expect(itemOf(content, 'public.documents')).to.include({ count: null, digest: null });
  });

  it('names a table that somebody else locks, and waits no longer than for a lock', async () => {
    // The dump holds its locks by then, so this one waits, and who comes later waits behind it.
    const lock = `
      spawn('psql', ['-c', 'begin', '-c', 'lock table noise in access exclusive mode'], { stdio: 'ignore' });
      while (execFileSync('psql', ['-Atc', 'select count(*) from pg_locks where not granted']).toString().trim() === '0');`;
    const dump = await engineThat('', lock).dump(source, calm(), wish);
    // What is dumped waits to be read, so that the dump keeps its locks until the content gave up waiting.
    await once(dump.stream, 'readable');
    await until('the content waits', 20, async () => (await waitingForNoise()) > 1);
    await until('the content does not wait any more', 20, async () => (await waitingForNoise()) === 1);
    const content = await contentOf(dump);
    expect(content.missing).to.include(
      'public.noise: not measured, because somebody else held a lock on it for too long.',
    );
    // Beside it at most the definitions that the server makes by a look at the table.
    expect(content.missing.filter((text) => !text.startsWith('The definitions of '))).to.have.length(1);
    expect(itemOf(content, 'public.noise')).to.include({ count: null });
    expect(itemOf(content, 'public.customers')).to.include({ count: 2000 });
  });

  it('says of a table that is truncated after the snapshot what the dump says of it', async () => {
    const before = `execFileSync('psql', ['-c', 'truncate emptied']);`;
    await run('create table emptied (n int)', 'insert into emptied values (1)', 'create table kept (n int)');
    const content = await contentOf(await engineThat(before).dump(source, calm(), wish));
    expect(content.missing).to.deep.equal([]);
    // The dump found it empty, as a truncation shows itself to older snapshots too.
    expect(itemOf(content, 'public.emptied')).to.include({ count: 0 });
    expect(itemOf(content, 'public.kept')).to.include({ count: 0 });
    await run('drop table emptied, kept');
  });

  it('is not told of a table that is truncated, dropped or altered when the dump has let it go', async () => {
    const options = { ...calm(), lockTimeoutMs: 1000, fallback: 'internal' } as const;
    await run('create table emptied (n int)', 'insert into emptied values (1)', 'create table dropped (n int)');
    const exported = await exportSnapshot(source, options);
    const session = await openMeasuring(source, options);
    const tables = await within(session, exported.id, 10, () => listTables(session, conditionsOf(null)));
    await run('truncate emptied', 'drop table dropped');
    const measured = async (name: string): Promise<unknown> => {
      const table = tables.find((one) => one.name === name);
      if (!table) throw new Error(`${name} is not listed.`);
      return await within(session, exported.id, 10, () => measureTable(session, table, 'full', null)).catch(
        (error: unknown) => error,
      );
    };
    expect(await measured('public.emptied')).to.be.instanceOf(TableChanged);
    expect(await measured('public.dropped')).to.be.instanceOf(HoldfastError);
    expect(await measured('public.customers')).to.include({ count: 2000 });
    await session.close();
    await exported.close();
    await run('drop table emptied');
  });

  it('is an empty manifest with a clear sentence where the server lends no snapshot, and the dump is good', async () => {
    const role = `content_${process.pid}`;
    await run(
      `create role ${role} login password 'secret'`,
      `grant pg_read_all_data to ${role}`,
      `alter role ${role} bypassrls`,
      `revoke execute on function pg_export_snapshot() from public`,
    );
    await run(`select lo_unlink(oid) from pg_largeobject_metadata`);
    const connection = { ...source, user: role, password: new Secret('secret') };
    const content = await contentOf(await engine.dump(connection, calm(), wish));
    expect(content.items).to.deep.equal([]);
    expect(content.missing).to.have.length(1);
    expect(content.missing[0])
      .to.contain('The content was not measured')
      .and.contain('pg_export_snapshot')
      .and.not.contain('secret');
    await run(`grant execute on function pg_export_snapshot() to public`);
  });

  it('is a failure that is tried again when the session that lends the snapshot dies before the dump has it', async () => {
    const kill = `execFileSync('psql', ['-Atc', "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast content'"]);`;
    const dump = await engineThat(kill).dump(source, calm(), wish);
    const error = await failureOf(buffer(dump.stream), 'connection_lost', source.password?.reveal());
    expect(error.retryable).to.equal(true);
    await failureOf(dump.content ?? Promise.reject(new Error('none')), 'connection_lost');
  });

  it('leaves a good dump good when its sessions die later', async () => {
    const dump = await engine.dump(source, calm(), wish);
    const bytes = buffer(dump.stream);
    await server.query(
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast content' and state = 'active'`,
    );
    expect((await bytes).length).to.be.greaterThan(1000);
    expect(await dump.content).to.be.an('object');
  });

  for (const how of ['destroying the stream', 'the signal'] as const) {
    it(`ends all its sessions by ${how}`, async () => {
      const controller = new AbortController();
      const dump = await engine.dump(source, { signal: controller.signal }, wish);
      await once(dump.stream, 'readable');
      expect(await sessions()).to.be.greaterThan(1);
      const reason = new HoldfastError('cancelled');
      const content = dump.content?.then(
        () => 'measured',
        () => 'failed',
      );
      if (how === 'the signal') controller.abort(reason);
      else dump.stream.destroy();
      expect(await content).to.equal('failed');
      await until('all is over', 15, async () => runningPrograms().length === 0 && (await sessions()) === 0);
    });
  }

  it('is refused for a manifest that was measured in another way', async () => {
    const like: ContentManifest = { version: 1, level: 'full', algorithm: 'of tomorrow', items: [], missing: [] };
    await failureOf(engine.readContent(source, like, calm()), 'configuration');
  });
});
