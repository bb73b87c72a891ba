import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createEngines } from '@holdfast/engines';
import { newBackupKey, runBackup, zstd } from '@holdfast/pipeline';
import { recoveryEnvironment } from '@holdfast/shared/config';
import {
  noKeys,
  Secret,
  type Connection,
  type ContentManifest,
  type Engine,
  type EngineType,
  type Keys,
} from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore, backupRow, connectionRow } from '@holdfast/testing/fakes';
import { findBackup } from './catalogue.ts';
import { readCommand, type TargetOptions } from './command.ts';
import { connectionTo } from './connection.ts';
import { download } from './download.ts';
import { list, show, verify } from './look.ts';
import { passwordFrom } from './password.ts';
import { restore, type RestoreDeps } from './restore.ts';
import { UsageError } from './usage.ts';

const signal = new AbortController().signal;
const content = randomBytes(50_000);
const measured: ContentManifest = {
  version: 1,
  level: 'full',
  algorithm: 'fake',
  items: [{ kind: 'table', name: 'public.orders', count: 3, digest: 'ab', share: 1 }],
  missing: [],
};

describe('recovery', () => {
  let store: MemoryStore;
  let engine: FakeEngine;
  let folder: string;
  let printed: string[];
  let said: string[];
  let typed: string | null;
  beforeEach(() => {
    store = new MemoryStore();
    engine = new FakeEngine(content);
    folder = mkdtempSync(join(tmpdir(), 'holdfast-recover-'));
    [printed, said, typed] = [[], [], null];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const deps = (change: Partial<RestoreDeps> = {}): RestoreDeps => ({
    store,
    keys: noKeys,
    signal,
    json: false,
    print: (line) => void printed.push(line),
    say: (line) => void said.push(line),
    engines: { get: () => engine },
    ids: systemIds,
    connect: async (_type, _target, database): Promise<Connection> => ({ ...connectionRow(), database }),
    ask: async () => typed,
    ...change,
  });

  async function backUp(
    id: string,
    name: string,
    hour: number,
    keys: Keys = noKeys,
    measured: ContentManifest | null = null,
  ): Promise<string> {
    const source = new FakeEngine(Buffer.from(content));
    source.measured = measured;
    return await backUpOf(source, connectionRow(), { id, name, hour, keys, measures: measured !== null });
  }
  async function backUpOf(
    engine: Engine,
    database: Connection,
    { id, name, hour, keys, measures }: { id: string; name: string; hour: number; keys: Keys; measures: boolean },
  ): Promise<string> {
    const at = new Date(Date.UTC(2026, 2, 4, hour));
    const { manifestKey } = await runBackup({
      backup: backupRow({ id, name: `20260304000000_${name}`, createdAt: at, engine: engine.type }),
      database,
      engine,
      store,
      codecs: [zstd()],
      ...(measures && { content: { content: 'full' as const, contentSeconds: 60 } }),
      keys,
      ids: systemIds,
      clock: { now: () => at },
      limits: { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 },
      signal,
      onProgress: () => undefined,
    });
    return manifestKey;
  }
  const [one, two, three] = ['aaaa0000', 'aaaa1111', 'bbbb0000'].map((start) => `${start}-0000-7000-8000-00000000000b`);
  const ids = [one ?? '', two ?? '', three ?? ''] as const;
  const dumpOf = (manifestKey: string): string => manifestKey.replace('manifest.json', 'dump.fake.zst');
  const target = (...given: string[]): TargetOptions => {
    const command = readCommand(['restore', 'x', '--folder', '/x', ...given]);
    return command?.name === 'restore' ? command.target : expect.fail('no restore');
  };
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => expect.fail('it succeeded'),
      (error: unknown) => error,
    );

  it('lists the newest backup first, and names what it cannot read', async () => {
    await backUp(ids[0], 'shop', 1);
    await backUp(ids[1], 'shop', 3);
    const bad = await backUp(ids[2], 'other', 2);
    expect(await list(deps(), null)).to.equal(0);
    expect(printed.map((line) => line.slice(0, 8))).to.deep.equal(['aaaa1111', 'bbbb0000', 'aaaa0000']);
    printed = [];
    await list(deps(), 'other');
    expect(printed).to.have.length(1);
    (store.objects.get(bad) ?? Buffer.alloc(1))[50] = 1;
    expect(await list(deps({ json: true }), null)).to.equal(3);
    expect(said.join()).to.contain(bad);
  });

  it('finds a backup by its id, by a beginning that is its alone, and as the newest of its database', async () => {
    for (const [index, id] of ids.entries()) await backUp(id, index < 2 ? 'shop' : 'other', index + 1);
    for (const [asked, id] of [
      [ids[0], ids[0]],
      ['BBBB', ids[2]],
      ['latest:shop', ids[1]],
    ] as const) {
      expect((await findBackup(deps(), asked)).manifest.backupId).to.equal(id);
    }
    for (const asked of ['aaaa', 'cccc', 'latest:none', 'aa', '../x']) {
      expect(await failure(findBackup(deps(), asked)), asked).to.have.property('name', 'Error');
    }
  });

  it('tells when a newer one may be among those that cannot be read', async () => {
    await backUp(ids[0], 'shop', 1);
    const newer = await backUp(ids[1], 'shop', 2);
    store.objects.set(newer, Buffer.from('{}'));
    expect((await findBackup(deps(), 'latest:shop')).manifest.backupId).to.equal(ids[0]);
    expect(said.join()).to.contain('cannot be read');
    expect(await failure(findBackup(deps(), ids[1]))).to.include({ code: 'integrity' });
  });

  it('refuses to show, prove, download or restore what is damaged as if it were whole', async () => {
    const key = dumpOf(await backUp(ids[0], 'shop', 1));
    const good = store.objects.get(key) ?? Buffer.alloc(0);
    expect(await verify(deps(), ids[0])).to.equal(0);
    const flipped = Buffer.from(good);
    flipped[1000] = (flipped[1000] ?? 0) ^ 4;
    for (const [bytes, code] of [
      [null, 'object_missing'],
      [good.subarray(0, -1), 'integrity'],
      [flipped, 'integrity'],
    ] as const) {
      if (bytes) store.objects.set(key, bytes);
      else store.objects.delete(key);
      if (bytes !== flipped) expect(await show(deps(), ids[0])).to.equal(3);
      expect(await failure(verify(deps(), ids[0]))).to.include({ code });
      expect(await failure(download(deps(), ids[0], folder, false))).to.include({ code });
      expect(await failure(download(deps(), ids[0], folder, true))).to.include({ code });
      expect(readdirSync(folder)).to.deep.equal([]);
      expect(await failure(restore(deps(), ids[0], target('--database', 'copy')))).to.include({ code });
      expect(engine.restored).to.equal(null);
    }
  });

  it('brings a whole dump back also where what it is compared with is damaged or missing, when told so', async () => {
    const key = await backUp(ids[0], 'shop', 1, noKeys, measured);
    const contentKey = key.replace('manifest.json', 'content.json.zst');
    for (const [index, change, code] of [
      [0, () => store.objects.set(contentKey, Buffer.alloc(9)), 'integrity'],
      [1, () => store.objects.delete(contentKey), 'object_missing'],
    ] as const) {
      change();
      const refused = await failure(restore(deps(), ids[0], target('--database', 'copy')));
      expect(refused).to.include({ code }).and.have.property('message').that.contains('--without-comparison');
      expect(refused).to.have.property('message').that.contains(contentKey);
      expect(engine.requests).to.have.length(index);
      said = [];
      expect(await restore(deps(), ids[0], target('--database', 'copy', '--without-comparison'))).to.equal(0);
      expect(said.join()).to.contain('not compared');
      expect(engine.requests.at(-1)?.expected).to.equal(null);
      const to = join(folder, `${index}`);
      expect(await failure(download(deps(), ids[0], to, true))).to.include({ code });
      expect(readdirSync(to)).to.deep.equal(['dump.fake']);
    }
  });

  it('compares a part, too, with what was backed up', async () => {
    await backUp(ids[0], 'shop', 1, noKeys, measured);
    await restore(deps(), ids[0], target('--database', 'copy', '--table', 'public.orders'));
    expect(engine.requests.at(-1)?.expected).to.deep.equal(measured);
  });

  it('downloads files as they are stored, or plain, and replaces none', async () => {
    const key = dumpOf(await backUp(ids[0], 'shop', 1));
    await download(deps(), ids[0], folder, false);
    await download(deps(), ids[0], folder, true);
    expect(readdirSync(folder).sort()).to.deep.equal(['dump.fake', 'dump.fake.zst']);
    expect(readFileSync(join(folder, 'dump.fake.zst')).equals(store.objects.get(key) ?? Buffer.alloc(0))).to.equal(
      true,
    );
    expect(readFileSync(join(folder, 'dump.fake')).equals(content)).to.equal(true);
    expect(await failure(download(deps(), ids[0], folder, true))).to.include({ code: 'configuration' });
  });

  it('opens an encrypted one with its key alone', async () => {
    const [comment = '', identity = ''] = await newBackupKey();
    await backUp(ids[0], 'shop', 1, { recipients: [comment.replace('# public key: ', '')], identities: [] });
    // Before anybody is asked for a password.
    const closed = deps({ connect: () => expect.fail('it connects') });
    expect(await failure(restore(closed, ids[0], target('--database', 'x')))).to.include({ code: 'key_missing' });
    expect(engine.received).to.equal(0);
    const keys = { recipients: [], identities: [new Secret(identity)] };
    expect(await restore(deps({ keys }), ids[0], target('--database', 'x'))).to.equal(0);
    expect(engine.restored?.equals(content)).to.equal(true);
  });

  it('restores into a new database, and in place only when its name is typed', async () => {
    await backUp(ids[0], 'shop', 1);
    expect(await restore(deps(), ids[0], target())).to.equal(0);
    expect(engine.restored?.equals(content)).to.equal(true);
    engine.received = 0;
    for (const answer of [null, '', 'yes', 'SHOP']) {
      typed = answer;
      const refused = restore(deps(), ids[0], target('--in-place', '--database', 'shop'));
      expect(await failure(refused)).to.include({ code: 'configuration' });
    }
    expect(engine.received).to.equal(0);
    typed = 'shop';
    expect(await restore(deps(), ids[0], target('--in-place', '--database', 'shop'))).to.equal(0);
    typed = null;
    expect(await restore(deps(), ids[0], target('--in-place', '--database', 'shop', '--yes'))).to.equal(0);
    expect(await failure(restore(deps(), ids[0], target('--globals')))).to.include({ code: 'configuration' });
  });

  it('brings a directory back to a folder, whole and compared, and replaces one only when its path is typed', async () => {
    const [source, to] = [join(folder, 'uploads'), join(folder, 'back')];
    mkdirSync(join(source, 'empty'), { recursive: true });
    writeFileSync(join(source, 'run.sh'), 'echo', { mode: 0o750 });
    symlinkSync('../elsewhere', join(source, 'link'));
    const engines = createEngines({ clientFolders: [], fileRoots: ['/'] });
    const local = { host: '', port: 0, user: '', password: null, database: source, options: {} };
    const made = { id: ids[0], name: 'uploads', hour: 1, keys: noKeys, measures: true };
    await backUpOf(engines.get('files'), local, made);
    rmSync(source, { recursive: true });
    const connect: RestoreDeps['connect'] = (type, target, database) =>
      connectionTo(type, target, database, recoveryEnvironment({}), async () => expect.fail('it asks for a password'));
    const bring = (...given: string[]) => restore(deps({ engines, connect }), 'latest:uploads', target(...given));

    expect(await verify(deps(), ids[0])).to.equal(0);
    for (const wrong of [[], ['--database', 'back'], ['--to', to, '--host', 'h']]) {
      expect(await failure(bring(...wrong)), wrong.join()).to.be.instanceOf(UsageError);
    }
    await backUp(ids[1], 'shop', 1);
    expect(await failure(restore(deps(), ids[1], target('--to', to)))).to.be.instanceOf(UsageError);
    expect(await bring('--to', to)).to.equal(0);
    expect(readdirSync(to).toSorted()).to.deep.equal(['empty', 'link', 'run.sh']);
    expect(statSync(join(to, 'run.sh')).mode & 0o777).to.equal(0o750);
    expect(readlinkSync(join(to, 'link'))).to.equal('../elsewhere');

    writeFileSync(join(to, 'mine'), '');
    expect(await failure(bring('--to', to))).to.include({ code: 'restore_target_exists' });
    typed = 'back';
    expect(await failure(bring('--to', to, '--in-place'))).to.include({ code: 'configuration' });
    expect(readdirSync(to)).to.include('mine');
    typed = to;
    expect(await bring('--to', to, '--in-place')).to.equal(0);
    expect(readdirSync(to)).to.not.include('mine');
    expect(readdirSync(folder).filter((name) => /\.holdfast-(restore|old)-/.test(name))).to.deep.equal([]);
  });

  it('takes the password from the environment, a file that is its own, or whoever types it', async () => {
    const file = join(folder, 'pass');
    const lines = ['# shop', 'other:*:*:*:no', String.raw`db\:1:5432:*:me:it\:is\\it`, '*:*:*:*:last'];
    writeFileSync(file, lines.join('\n'), { mode: 0o600 });
    const reached = { host: 'db:1', port: 5432, user: 'me', database: 'x' };
    expect((await passwordFrom(file, reached))?.reveal()).to.equal(String.raw`it:is\it`);
    expect((await passwordFrom(file, { ...reached, user: 'you' }))?.reveal()).to.equal('last');
    expect(await passwordFrom(join(folder, 'none'), reached)).to.equal(null);
    const typing = async (): Promise<string> => 'typed';
    const connect = (environment: NodeJS.ProcessEnv) =>
      connectionTo('postgresql', target('--host', 'h', '--user', 'u'), 'x', recoveryEnvironment(environment), typing);
    expect((await connect({ PGPASSWORD: 'given', PGPASSFILE: file })).password?.reveal()).to.equal('given');
    expect((await connect({ PGPASSFILE: file })).password?.reveal()).to.equal('last');
    expect((await connect({})).password?.reveal()).to.equal('typed');
    chmodSync(file, 0o644);
    expect(await failure(connect({ PGPASSFILE: file }))).to.include({ code: 'configuration' });
  });

  it('reaches each kind of server by its own port, user and password, and never by what PostgreSQL is told', async () => {
    const postgres = {
      PGHOST: 'pg',
      PGPORT: '1',
      PGUSER: 'pg',
      PGPASSWORD: 'pg',
      MYSQL_PWD: 'my',
      REDISCLI_AUTH: 're',
    };
    const connect = async (type: EngineType, ...given: string[]) => {
      const reached = await connectionTo(type, target(...given), 'x', recoveryEnvironment(postgres), async () => null);
      return [reached.host, reached.port, reached.user, reached.password?.reveal()];
    };
    expect(await connect('postgresql')).to.deep.equal(['pg', 1, 'pg', 'pg']);
    expect(await connect('mariadb', '--host', 'h', '--user', 'u')).to.deep.equal(['h', 3306, 'u', 'my']);
    expect(await connect('redis', '--host', 'h')).to.deep.equal(['h', 6379, 'default', 're']);
    expect(await connect('mongodb', '--host', 'h')).to.deep.equal(['h', 27_017, '', undefined]);
    expect(await connect('sqlite')).to.deep.equal(['', 0, '', undefined]);
    for (const wrong of [connect('mysql', '--host', 'h'), connect('redis'), connect('sqlite', '--host', 'h')]) {
      expect(await failure(wrong)).to.be.instanceOf(UsageError);
    }
  });
});
