import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type Connection, type Engine, type RestoreRequest } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { calm, dumpOf, failureOf, wrongConnections } from './collect.ts';
import { isAlive } from './programs.ts';
import { until } from '../until.ts';

/** One implementation, and a real server that it works on. */
export interface EngineSubject {
  engine: Engine;
  /** A new database; the content of `sample` is larger than what pipes between programs hold. */
  database(content: 'sample' | 'empty'): Promise<Connection>;
  /** Describes the content, the same for the same content. */
  content(connection: Connection, database?: string): Promise<string[]>;
  /** Changes the content. */
  change(connection: Connection): Promise<void>;
  /** Opens a client that stays connected. */
  stayConnected(connection: Connection): Promise<{ close(): Promise<void> }>;
  /** The names of all databases on the server. */
  names(connection: Connection): Promise<string[]>;
  /** The engine's client programs that run now. */
  runningPrograms(): readonly { pid: number }[];
}

const inPlace = (): RestoreRequest => ({ target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() });

const intoNew = (database: string): RestoreRequest => ({
  target: { mode: 'new_database', database },
  ownership: 'keep',
  restoreId: randomUUID(),
});

/** The rules of the `Engine` interface, to be held by every implementation. */
export function describeEngine(name: string, open: () => Promise<EngineSubject>): void {
  describe(`${name} holds the rules of an engine`, () => {
    let subject: EngineSubject;
    let engine: Engine;
    let source: Connection;
    let archive: Buffer;

    before(async () => {
      subject = await open();
      engine = subject.engine;
      source = await subject.database('sample');
      archive = await dumpOf(engine, source);
    });

    afterEach(() => {
      expect(subject.runningPrograms()).to.deep.equal([]);
    });

    const half = (): Buffer => archive.subarray(0, archive.length / 2);

    it('reports version, size, tables and tool', async () => {
      const report = await engine.probe(source, calm());
      expect(report.serverVersion).to.match(/^\d+/);
      expect(report.sizeBytes).to.be.greaterThan(100_000);
      expect(report.tables).to.be.greaterThan(3);
      expect(report.missingPrivileges).to.deep.equal([]);
      expect(report.tool.version).to.match(/^\d+/);
    });

    describe('dump', () => {
      for (const content of ['sample', 'empty'] as const) {
        it(`brings a database with ${content} content back equal under another name`, async () => {
          const connection = await subject.database(content);
          const database = `${connection.database}_copy`;
          const dump = await engine.dump(connection, calm());
          const report = await engine.restore(connection, intoNew(database), dump.stream, calm());
          expect(report.database).to.equal(database);
          expect(await subject.content(connection, database)).to.deep.equal(await subject.content(connection));
        });
      }

      it('fails the stream when its program is killed, with nothing that could pass for an end', async () => {
        const { stream } = await engine.dump(source, calm());
        await once(stream, 'readable');
        const [program] = subject.runningPrograms();
        process.kill(program?.pid ?? 0, 'SIGKILL');
        await failureOf(buffer(stream), 'dump_killed', source.password?.reveal());
      });

      it('ends with the reason of the signal, and no process stays', async () => {
        const controller = new AbortController();
        const { stream } = await engine.dump(source, { signal: controller.signal });
        await once(stream, 'readable');
        const pids = subject.runningPrograms().map(({ pid }) => pid);
        expect(pids).to.have.length(1);
        controller.abort(new HoldfastError('lease_lost'));
        await failureOf(buffer(stream), 'lease_lost');
        await until('no process is left', 10, () => !pids.some(isAlive) && subject.runningPrograms().length === 0);
      });

      it('ends its program when the stream is destroyed', async () => {
        const { stream } = await engine.dump(source, calm());
        await once(stream, 'readable');
        stream.destroy();
        await until('no program is left', 10, () => subject.runningPrograms().length === 0);
      });

      it('does not begin when the signal is aborted already', async () => {
        const reason = new HoldfastError('cancelled');
        await failureOf(engine.dump(source, { signal: AbortSignal.abort(reason) }), 'cancelled');
      });

      it('shows the password in no command line', async () => {
        const { stream } = await engine.dump(source, calm());
        await once(stream, 'readable');
        for (const { pid } of subject.runningPrograms()) {
          const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          expect(commandLine).to.contain('dump').and.not.contain(source.password?.reveal());
        }
        stream.destroy();
        await until('no program is left', 10, () => subject.runningPrograms().length === 0);
      });
    });

    describe('failures before any work', () => {
      for (const { what, change, code } of wrongConnections) {
        it(`tells ${what} clearly and soon`, async () => {
          const connection = { ...source, ...change };
          const secret = connection.password?.reveal();
          await failureOf(engine.probe(connection, calm()), code, secret);
          await failureOf(engine.dump(connection, calm()), code, secret);
        });
      }
    });

    describe('restore', () => {
      it('puts the former content back in place, under connected clients', async () => {
        const connection = await subject.database('sample');
        const before = await subject.content(connection);
        const bytes = await dumpOf(engine, connection);
        await subject.change(connection);
        expect(await subject.content(connection)).to.not.deep.equal(before);
        const names = await subject.names(connection);
        const client = await subject.stayConnected(connection);
        const report = await engine.restore(connection, inPlace(), Readable.from([bytes]), calm());
        await client.close();
        expect(report.database).to.equal(connection.database);
        expect(await subject.content(connection)).to.deep.equal(before);
        expect(await subject.names(connection)).to.deep.equal(names);
      });

      it('restores in place what was dropped as a whole', async () => {
        const connection = { ...source, database: `${source.database}_gone` };
        await engine.restore(connection, inPlace(), Readable.from([archive]), calm());
        expect(await subject.content(connection)).to.deep.equal(await subject.content(source));
      });

      it('refuses to restore into a database that exists', async () => {
        const existing = await subject.database('empty');
        const before = await subject.content(existing);
        const work = engine.restore(source, intoNew(existing.database), Readable.from([archive]), calm());
        await failureOf(work, 'restore_target_exists');
        expect(await subject.content(existing)).to.deep.equal(before);
      });

      const broken: [string, () => Readable, Parameters<typeof failureOf>[1]][] = [
        [
          'the input fails midway',
          () =>
            Readable.from(
              (async function* () {
                yield half();
                throw new HoldfastError('integrity');
              })(),
            ),
          'integrity',
        ],
        [
          'the input fails at its very end',
          () =>
            Readable.from(
              (async function* () {
                yield archive;
                throw new HoldfastError('integrity');
              })(),
            ),
          'integrity',
        ],
        ['the input ends too early', () => Readable.from([half()]), 'restore_failed'],
        ['the input is empty', () => Readable.from([]), 'restore_failed'],
        ['the input is no archive', () => Readable.from([Buffer.alloc(100_000, 'no archive ')]), 'restore_failed'],
      ];
      for (const [what, input, code] of broken) {
        it(`keeps the whole old content and leaves nothing beside it when ${what}`, async () => {
          const connection = await subject.database('sample');
          await subject.change(connection);
          const before = await subject.content(connection);
          const names = await subject.names(connection);
          const secret = connection.password?.reveal();
          await failureOf(engine.restore(connection, inPlace(), input(), calm()), code, secret);
          await failureOf(engine.restore(connection, intoNew('not wanted'), input(), calm()), code, secret);
          expect(await subject.content(connection)).to.deep.equal(before);
          expect(await subject.names(connection)).to.deep.equal(names);
        });
      }

      it('ends with the reason of the signal, keeps the old content and leaves nothing', async () => {
        const connection = await subject.database('sample');
        const before = await subject.content(connection);
        const names = await subject.names(connection);
        const controller = new AbortController();
        const input = new Readable({ read: () => undefined });
        input.push(half());
        const work = engine.restore(connection, inPlace(), input, { signal: controller.signal });
        const settled = failureOf(work, 'lease_lost');
        await until('the restore runs', 10, () => subject.runningPrograms().length > 0);
        controller.abort(new HoldfastError('lease_lost'));
        await settled;
        expect(input.destroyed).to.equal(true);
        expect(await subject.content(connection)).to.deep.equal(before);
        expect(await subject.names(connection)).to.deep.equal(names);
      });

      it('fails when its program is killed', async () => {
        const connection = await subject.database('empty');
        const input = new Readable({ read: () => undefined });
        input.push(half());
        const settled = failureOf(engine.restore(connection, inPlace(), input, calm()), 'restore_killed');
        const program = await until('it runs', 10, () => subject.runningPrograms()[0]);
        process.kill(program.pid, 'SIGKILL');
        await settled;
      });

      it('cleans up as often as asked, and never the target', async () => {
        const before = await subject.content(source);
        const { restoreId } = inPlace();
        await engine.cleanUpRestore(source, restoreId, calm());
        await engine.cleanUpRestore(source, restoreId, calm());
        expect(await subject.content(source)).to.deep.equal(before);
      });
    });
  });
}
