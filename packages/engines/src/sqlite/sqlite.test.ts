import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { identityOf, placesOf } from '../paths/places.ts';
import { readNote, removeNote, writeNote } from '../paths/notes.ts';
import { runningPrograms } from '../process/index.ts';
import { connectionTo, newFile, root } from '../testing/sqlite.ts';
import { sqliteEngine } from './engine.ts';
import { ownProgram } from './program.ts';

describe('the engine of SQLite', function suite() {
  const temporary = mkdtempSync(join(root, 'temporary-'));
  const engine = sqliteEngine([root], 20_000, ownProgram, temporary);
  const impatient = sqliteEngine([root], 300, ownProgram, temporary);

  const left = (): string[] => readdirSync(temporary);
  const run = <T>(path: string, work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(path, { timeout: 20_000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const inPlace = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
    target: { mode: 'in_place' },
    ownership: 'keep',
    restoreId: randomUUID(),
    ...change,
  });
  const others: ChildProcess[] = [];
  afterEach(() => {
    for (const process of others.splice(0)) process.kill('SIGKILL');
  });
  /** Runs JavaScript in another process. */
  const other = (source: string, ...args: string[]) => {
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', source, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    others.push(started);
    return started;
  };
  /** Does that in another process, as the locks of this one end with any look at the file, and holds on until it is told. */
  const hold = async (path: string, sql: string, longerMs = 0): Promise<() => Promise<void>> => {
    const holder = other(holderSource, path, sql, String(longerMs));
    await once(holder.stdout, 'data');
    return async () => {
      holder.stdin.end();
      await once(holder, 'exit');
    };
  };
  const restore = (path: string, bytes: Buffer, request = inPlace(), by = engine): Promise<RestoreReport> =>
    by.restore(connectionTo(path), request, Readable.from([bytes]), calm());
  const valueOf = (path: string): unknown =>
    run(path, (database) => database.prepare('select value from only').get()?.['value']);
  const holding = (value: string, log = true): string => {
    const path = newFile('empty', log);
    run(path, (database) =>
      database.exec(`create table only (value); insert into only values ('${value}'); create table filler (x);
        insert into filler values (zeroblob(20000))`),
    );
    return path;
  };

  describe('dump', () => {
    for (const log of [true, false]) {
      it(`is of one moment ${log ? 'with' : 'without'} a write-ahead log while another process writes all the time`, async () => {
        const path = newFile('sample', log);
        run(path, (database) =>
          database.exec(`create table accounts (id integer primary key, balance int);
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) insert into accounts select i, 1000 from n;
            create table transfers (id integer primary key, filler)`),
        );
        const writer = other(writerSource, path);
        await once(writer.stdout, 'data');
        for (let turn = 0; turn < 2; turn += 1) {
          const { stream, content } = await engine.dump(connectionTo(path), calm(), {
            content: 'full',
            contentSeconds: 60,
          });
          const copy = join(root, `moment-${log}-${turn}`);
          writeFileSync(copy, await buffer(stream));
          const totals = run(copy, (database) =>
            database
              .prepare(
                `select (select sum(balance) from accounts) as sum, (select count(*) from transfers) as transfers,
                  (select max(id) from transfers) as newest`,
              )
              .get(),
          );
          expect(totals?.['sum']).to.equal(500_000);
          expect(totals?.['transfers']).to.equal(totals?.['newest']).and.to.be.greaterThan(0);
          const measured = (await content)?.items.find(({ name }) => name === '"transfers"');
          expect(measured?.count).to.equal(totals?.['transfers']);
        }
        const before = run(path, (database) => database.prepare('select count(*) as n from transfers').get()?.['n']);
        await until('the writer goes on', 10, () =>
          run(path, (database) => database.prepare('select count(*) as n from transfers').get()?.['n'] !== before),
        );
        writer.stdin.end();
        await once(writer, 'exit');
      });
    }

    it('does not wait for ever for somebody who has locked the database', async () => {
      const path = holding('locked', false);
      const release = await hold(path, 'begin exclusive');
      const { stream } = await impatient.dump(connectionTo(path), calm());
      await failureOf(buffer(stream), 'lock_timeout');
      await failureOf(impatient.probe(connectionTo(path), calm()), 'lock_timeout');
      await release();
      expect(left()).to.deep.equal([]);
    });

    it('fails for a corrupt database before its first byte leaves', async () => {
      const path = newFile('sample', false);
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, 10 * 4096);
      const { stream } = await engine.dump(connectionTo(path), calm());
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      const { message } = await failureOf(once(stream, 'end'), 'dump_failed');
      expect(message).to.contain('corrupt').and.contain(path);
      expect(bytes).to.equal(0);
    });

    it('takes back what a killed program has left half done, as every reader does', async () => {
      const path = holding('whole', false);
      const hot = join(root, 'hot.db');
      run(path, (database) => {
        database.exec(`pragma cache_size = 1; begin; update only set value = 'half';
          with recursive n(i) as (select 1 union all select i + 1 from n where i < 200) insert into filler select zeroblob(5000) from n`);
        copyFileSync(path, hot);
        copyFileSync(`${path}-journal`, `${hot}-journal`);
      });
      const copy = join(root, 'hot-copy.db');
      writeFileSync(copy, await dumpOf(engine, connectionTo(hot)));
      expect(valueOf(copy)).to.equal('whole');
    });

    it('tells of rows that refer to nothing', async () => {
      const path = newFile('sample');
      run(path, (database) => database.exec('pragma foreign_keys = off; update orders set customer = -1 where id < 4'));
      const { stream, warnings } = await engine.dump(connectionTo(path), calm());
      await buffer(stream);
      expect(warnings).to.deep.equal(['Rows that a foreign key leads to are not there: 3, of "orders".']);
    });

    it('leaves no copy behind, whoever ends it', async () => {
      const path = newFile('sample');
      const { stream } = await engine.dump(connectionTo(path), calm());
      await once(stream, 'readable');
      stream.destroy();
      await until('the copy is gone', 10, () => left().length === 0);

      const folder = mkdtempSync(join(temporary, 'orphan-'));
      const given = JSON.stringify({ path, folder, level: null, seconds: 1, lockTimeoutMs: 1000 });
      const orphan = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ownProgram, 'dump', given]);
      await once(orphan.stdout, 'readable');
      expect(existsSync(folder)).to.equal(true);
      orphan.stdin.end();
      await once(orphan, 'exit');
      expect(existsSync(folder)).to.equal(false);
    });

    it('knows content again, and what differs of it', async () => {
      const path = newFile('odd');
      const { stream, content } = await engine.dump(connectionTo(path), calm(), {
        content: 'full',
        contentSeconds: 60,
      });
      await buffer(stream);
      const like = await content;
      if (!like) throw new Error('Nothing was measured.');
      expect(like.missing).to.deep.equal([]);
      expect(await engine.readContent(connectionTo(path), like, calm())).to.deep.equal(like);
      run(path, (database) => database.exec(`update kinds set d = 'z' where d = 'x'`));
      expect(await engine.readContent(connectionTo(path), like, calm())).to.not.deep.equal(like);
      await failureOf(
        engine.readContent(connectionTo(path), { ...like, algorithm: 'another' }, calm()),
        'configuration',
      );
    });
  });

  it('reads a whole database, and none that is cut off, damaged in its structure or no database', async () => {
    const bytes = await dumpOf(engine, connectionTo(newFile('sample')));
    const check = (input: Buffer): Promise<void> => engine.checkReadable(Readable.from([input]), calm());
    await check(bytes);
    const damaged = Buffer.from(bytes).fill(0xff, 12 * 4096, 13 * 4096);
    const broken = [bytes.subarray(0, -4096), bytes.subarray(0, 50), damaged, Buffer.alloc(8192, 'x'), Buffer.alloc(0)];
    for (const input of broken) await failureOf(check(input), 'integrity');
    expect(left()).to.deep.equal([]);
  });

  describe('restore in place', () => {
    for (const log of [true, false]) {
      it(`is seen at once and as a whole by those who are connected ${log ? 'with' : 'without'} a write-ahead log`, async () => {
        const path = holding('backed up', log);
        const bytes = await dumpOf(engine, connectionTo(path));
        const client = new DatabaseSync(path);
        const statement = client.prepare('select value from only');
        client.exec(`update only set value = 'later'`);
        const inode = statSync(path).ino;
        const reader = new DatabaseSync(path);
        if (log) reader.exec('begin');
        expect(reader.prepare('select value from only').get()?.['value']).to.equal('later');
        await restore(path, bytes);
        expect(statement.get()?.['value']).to.equal('backed up');
        // A transaction that is open keeps what it began with.
        if (log) expect(reader.prepare('select value from only').get()?.['value']).to.equal('later');
        reader.close();
        client.exec(`update only set value = 'written after it'`);
        client.close();
        expect(valueOf(path)).to.equal('written after it');
        expect(statSync(path).ino).to.equal(inode);
        expect(run(path, (database) => database.prepare('pragma integrity_check').get())).to.include({
          integrity_check: 'ok',
        });
      });

      it(`waits for who writes, and changes nothing when that takes too long, ${log ? 'with' : 'without'} a write-ahead log`, async () => {
        const path = holding('backed up', log);
        const bytes = await dumpOf(engine, connectionTo(path));
        const release = await hold(
          path,
          `update only set value = 'kept'; begin immediate; insert into filler values (1)`,
        );
        const request = inPlace({ keepFormer: true });
        const error = await failureOf(restore(path, bytes, request, impatient), 'lock_timeout');
        expect(error.message).to.contain(path);
        await release();
        expect(valueOf(path)).to.equal('kept');
        await engine.cleanUpRestore(connectionTo(path), request.restoreId, calm());
        expect(readdirSync(root).filter((name) => name.includes(request.restoreId.slice(-12)))).to.deep.equal([]);
      });
    }

    it('goes on when the lock is given up in time', async () => {
      const path = holding('backed up');
      const bytes = await dumpOf(engine, connectionTo(path));
      const release = await hold(path, `update only set value = 'later'; begin immediate`, 1000);
      const restored = restore(path, bytes);
      const [first] = await until('the archive is read', 10, () => runningPrograms().length > 0 && runningPrograms());
      await until('the database is written', 10, () => runningPrograms().some(({ pid }) => pid !== first?.pid));
      await release();
      await restored;
      expect(valueOf(path)).to.equal('backed up');
    });

    it('keeps an empty database too, and puts one in place', async () => {
      const path = newFile('empty');
      const bytes = await dumpOf(engine, connectionTo(path));
      run(path, (database) => database.exec(`create table only (value); insert into only values ('former')`));
      const { former = '' } = await restore(path, bytes, inPlace({ keepFormer: true }));
      expect(valueOf(former)).to.equal('former');
      expect(
        run(path, (database) => database.prepare('select count(*) as n from sqlite_schema').get()?.['n']),
      ).to.equal(0);
    });

    it('has a former content without a gap: who writes between the copy and the lock is in it', async () => {
      const path = holding('backed up');
      const bytes = await dumpOf(engine, connectionTo(path));
      const writer = other(counterSource, path);
      const closed = once(writer, 'close');
      let said = '';
      writer.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
      await until('it counts', 10, () => said !== '');
      const { former = '' } = await restore(path, bytes, inPlace({ keepFormer: true }));
      writer.stdin.end();
      await closed;
      const acknowledged = Number(said.trim().split('\n').at(-1));
      const kept = run(former, (database) => Number(database.prepare('select max(n) as n from counted').get()?.['n']));
      expect(kept).to.equal(acknowledged);
    });

    it('brings back what is corrupt or no database at all, and can be undone', async () => {
      for (const damage of ['pages', 'all'] as const) {
        const path = holding('backed up', false);
        const bytes = await dumpOf(engine, connectionTo(path));
        if (damage === 'all') writeFileSync(path, 'garbage '.repeat(1000));
        else writeSync(openSync(path, 'r+'), Buffer.alloc(4096, 0xff), 0, 4096, 4096);
        const broken = readFileSync(path);
        const request = inPlace({ keepFormer: true });
        const { former = '' } = await restore(path, bytes, request);
        expect(valueOf(path)).to.equal('backed up');
        expect(readFileSync(former).subarray(4096).equals(broken.subarray(4096)), damage).to.equal(true);
        await engine.undoRestore(connectionTo(path), request.restoreId, randomUUID(), calm());
        expect(readFileSync(path).subarray(4096).equals(broken.subarray(4096)), damage).to.equal(true);
        expect(valueOf(former)).to.equal('backed up');
      }
    });

    it('copes with pages of another size, but under those who hold them fast', async () => {
      const path = holding('backed up');
      const other = newFile('empty', false);
      run(other, (database) => {
        database.exec(`pragma page_size = 8192; vacuum; create table only (value); insert into only values ('other')`);
      });
      const bytes = await dumpOf(engine, connectionTo(other));
      const client = new DatabaseSync(path);
      client.prepare('select * from only').get();
      expect((await failureOf(restore(path, bytes, inPlace(), impatient), 'lock_timeout')).message).to.contain(
        'another size',
      );
      expect(client.prepare('select value from only').get()?.['value']).to.equal('backed up');
      client.close();
      await restore(path, bytes);
      expect(valueOf(path)).to.equal('other');
    });

    it('takes no log of a database that is gone for a part of the new one', async () => {
      const path = holding('backed up');
      const bytes = await dumpOf(engine, connectionTo(path));
      const gone = join(root, 'gone.db');
      writeFileSync(`${gone}-wal`, 'stale');
      expect((await failureOf(restore(gone, bytes), 'restore_failed')).message).to.contain('gone.db-wal');
      const request = inPlace({ target: { mode: 'new_database', database: 'gone.db' } });
      await failureOf(restore(path, bytes, request), 'restore_failed');
      expect(existsSync(gone)).to.equal(false);
    });
  });

  describe('the former content', () => {
    it('goes with a restore that was killed before it wrote, and not with one that may have written', async () => {
      const path = holding('backed up');
      const bytes = await dumpOf(engine, connectionTo(path));
      run(path, (database) => database.exec(`update only set value = 'former'`));
      const request = inPlace({ keepFormer: true });
      const places = placesOf(path, request.restoreId);
      copyFileSync(path, places.kept);
      await engine.cleanUpRestore(connectionTo(path), request.restoreId, calm());
      expect(existsSync(places.kept)).to.equal(false);
      expect(valueOf(path)).to.equal('former');

      await restore(path, bytes, request);
      await removeNote(places);
      await engine.cleanUpRestore(connectionTo(path), request.restoreId, calm());
      expect(await engine.findRestored(connectionTo(path), request, calm())).to.equal(null);
      await restore(path, bytes, request);
      expect([valueOf(path), valueOf(places.kept)]).to.deep.equal(['backed up', 'former']);
    });

    it('comes back by an undoing that was killed at any step, and is swapped once', async () => {
      const path = holding('backed up');
      const bytes = await dumpOf(engine, connectionTo(path));
      for (const step of ['begun', 'aside', 'written', 'renamed'] as const) {
        run(path, (database) => database.exec(`update only set value = 'former'`));
        const request = inPlace({ keepFormer: true });
        await restore(path, bytes, request);
        const places = placesOf(path, request.restoreId);
        const note = await readNote(places);
        if (!note) throw new Error('Nothing was noted.');
        const undoId = randomUUID();
        await killUndo(step, path, request.restoreId, undoId);
        await engine.cleanUpRestore(connectionTo(path), undoId, calm());
        const held = (): unknown[] => [valueOf(path), valueOf(places.kept)];
        expect(held(), step).to.deep.equal(['former', 'backed up']);
        await engine.undoRestore(connectionTo(path), request.restoreId, undoId, calm());
        expect(held(), step).to.deep.equal(['former', 'backed up']);
        await engine.dropFormer(connectionTo(path), request.restoreId, calm());
        expect(readdirSync(root).filter((name) => name.includes(request.restoreId.slice(-12)))).to.deep.equal([]);
      }
    });

    /** Leaves what an undoing leaves that is killed there. */
    async function killUndo(step: string, path: string, restoreId: string, undoId: string): Promise<void> {
      const places = placesOf(path, restoreId);
      const before = await readNote(places);
      if (!before) throw new Error('Nothing was noted.');
      const incoming = (await identityOf(places.kept)) ?? '';
      const begun = { ...before, pending: { undoId, incoming } };
      if (step === 'renamed' || step === 'written') {
        const formerBytes = readFileSync(places.kept);
        await engine.undoRestore(connectionTo(path), restoreId, undoId, calm());
        if (step === 'written') {
          copyFileSync(places.kept, places.undone);
          writeFileSync(places.kept, formerBytes);
          await writeNote(places, { ...begun, pending: { undoId, incoming: (await identityOf(places.kept)) ?? '' } });
        } else await writeNote(places, begun);
        return;
      }
      if (step === 'aside') copyFileSync(path, places.undone);
      await writeNote(places, begun);
    }
  });
});

/** Moves money between accounts, so that the sum stays, until its input ends. */
const writerSource = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1], { timeout: 20000 });
  let stopped = false;
  process.stdin.resume().on('end', () => { stopped = true; });
  let x = 0;
  const step = () => {
    if (stopped) { database.close(); process.exit(0); }
    for (let n = 0; n < 5; n += 1) {
      x += 1;
      database.exec('begin immediate');
      database.exec('update accounts set balance = balance - ' + x % 17 + ' where id = ' + (1 + x % 500));
      database.exec('update accounts set balance = balance + ' + x % 17 + ' where id = ' + (1 + (x * 7) % 500));
      database.exec('insert into transfers (filler) values (zeroblob(300))');
      database.exec('commit');
    }
    if (x === 5) process.stdout.write('begun');
    setTimeout(step, 5);
  };
  step();
`;

const holderSource = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec(process.argv[2]);
  process.stdout.write('held');
  process.stdin.resume().on('end', () => setTimeout(() => process.exit(0), Number(process.argv[3])));
`;

/** Counts up, and says each number after it was committed, until that is not possible any more. */
const counterSource = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1], { timeout: 20000 });
  database.exec('create table counted (n integer primary key)');
  let stopped = false;
  process.stdin.resume().on('end', () => { stopped = true; });
  const step = () => {
    if (stopped) return process.exit(0);
    try {
      const { lastInsertRowid } = database.prepare('insert into counted default values').run();
      require('node:fs').writeSync(1, lastInsertRowid + '\\n');
      setTimeout(step, 3);
    } catch (error) {
      process.stdin.destroy();
    }
  };
  step();
`;
