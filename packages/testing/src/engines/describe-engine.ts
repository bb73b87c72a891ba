import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  HoldfastError,
  type Connection,
  type Engine,
  type ErrorCode,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { expect } from 'chai';
import type { AsyncFunc } from 'mocha';
import { until } from '../until.ts';
import { calm, dumpOf, failureOf, givenBack, type WrongConnection } from './collect.ts';
import { record, type ConformanceCase } from './matrix.ts';
import { isAlive } from './programs.ts';

/**
 * `sample` is larger than what pipes between programs hold; `odd` has the names and types that tools stumble over; `huge` has
 * one row, or what the engine has for rows, of some 50 MB.
 */
export type SubjectContent = 'sample' | 'empty' | 'odd' | 'huge';

/** One implementation, and a real server that it works on. */
export interface EngineSubject {
  engine: Engine;
  /** A new database. */
  database(content: SubjectContent): Promise<Connection>;
  /** Describes the content, the same for the same content. */
  content(connection: Connection, database?: string): Promise<string[]>;
  /** Changes the content. */
  change(connection: Connection): Promise<void>;
  /** Opens a client that stays connected. */
  stayConnected(connection: Connection): Promise<{ close(): Promise<void> }>;
  /** The names of all databases on the server. */
  names(connection: Connection): Promise<string[]>;
  /** The name of a database that is not on the server of that one. */
  newName(connection: Connection, purpose: string): string;
  /** The engine's client programs that run now. */
  runningPrograms(): readonly { pid: number }[];
  /** An engine whose dump program is suitable for the test server, and then does what the JavaScript says. */
  fakeDump(source: string): Engine;
  /** A server of its own, to be stopped at any time. */
  ownServer(): Promise<{ connection: Connection; stop(): Promise<void> }>;
  /** An engine whose programs are too old, or are others than those that the server of that connection needs. */
  tooOld(): Promise<{ engine: Engine; connection: Connection; code: ErrorCode }>;
}

export interface EngineRules {
  /** The name of its column in the matrix. */
  name: string;
  open: () => Promise<EngineSubject>;
  /** Connections that lead nowhere, and how the engine says so. */
  wrong: readonly WrongConnection[];
  /** Cases that do not exist for this kind of database, each with the reason. */
  without?: Partial<Record<ConformanceCase, string>>;
  /** Whether a restore is the engine's own work, of no client program; absent: a program does it where programs dump. */
  restoresItself?: boolean;
}

const inPlace = (): RestoreRequest => ({ target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() });

const intoNew = (database: string): RestoreRequest => ({
  target: { mode: 'new_database', database },
  ownership: 'keep',
  restoreId: randomUUID(),
});

/** The rules of the `Engine` interface, to be held by every implementation. */
export function describeEngine({ name, open, wrong, without = {}, restoresItself = false }: EngineRules): void {
  const rule = (of: ConformanceCase, title: string, work: AsyncFunc): void => {
    if (without[of] === undefined) record(name, of, it(title, work));
  };
  const hasPrograms = without.signal === undefined;
  const restoresByProgram = hasPrograms && !restoresItself;
  for (const [of, reason] of Object.entries(without)) record(name, of as ConformanceCase, reason);

  describe(`${name} holds the rules of an engine`, () => {
    let subject: EngineSubject;
    let engine: Engine;
    let source: Connection;
    let archive: Buffer;

    before(async function () {
      this.timeout(120_000);
      subject = await open();
      engine = subject.engine;
      source = await subject.database('sample');
      archive = await dumpOf(engine, source);
    });

    afterEach(() => {
      expect(subject.runningPrograms()).to.deep.equal([]);
    });

    const half = (): Buffer => archive.subarray(0, archive.length / 2);

    rule('probe', 'reports version, size, tables and tool', async () => {
      const report = await engine.probe(source, calm());
      expect(report.serverVersion).to.match(/^\d+/);
      expect(report.sizeBytes).to.be.greaterThan(10_000);
      expect(report.tables).to.be.greaterThan(0);
      expect(report.missingPrivileges).to.deep.equal([]);
      expect(report.tool.version).to.match(/^\d+/);
    });

    describe('dump', () => {
      const contents = { round_trip: 'sample', empty: 'empty', odd: 'odd', huge: 'huge' } as const;
      for (const of of Object.keys(contents) as (keyof typeof contents)[]) {
        rule(of, `brings a database with ${contents[of]} content back equal under another name`, async function () {
          this.timeout(120_000);
          const connection = await subject.database(contents[of]);
          const database = subject.newName(connection, 'copy');
          const dump = await engine.dump(connection, calm());
          const request = intoNew(database);
          const report = await engine.restore(connection, request, Readable.from(givenBack(dump.stream)), calm());
          expect(report.database).to.equal(database);
          expect(await subject.content(connection, database)).to.deep.equal(await subject.content(connection));
          await engine.dropRestored(connection, request, calm());
          expect(await subject.names(connection)).to.not.include(database);
        });
      }

      rule('exit', 'fails when its program writes what looks whole and exits 1', async () => {
        const { stream } = await subject
          .fakeDump(`process.stdout.write('whole', () => { console.error('boom'); process.exitCode = 1; })`)
          .dump(source, calm());
        expect((await failureOf(buffer(stream), 'dump_failed')).message).to.contain('boom');
      });

      rule('exit', 'fails when its program exits 0 and wrote nothing', async () => {
        const { stream } = await subject.fakeDump('').dump(source, calm());
        await failureOf(buffer(stream), 'dump_failed');
      });

      rule('signal', 'fails when its program ends itself by a signal', async () => {
        const { stream } = await subject
          .fakeDump(`process.stdout.write('whole', () => process.kill(process.pid, 'SIGTERM'))`)
          .dump(source, calm());
        await failureOf(buffer(stream), 'dump_killed');
      });

      rule('flood', 'keeps only the end of what its program says', async () => {
        const flood = `
          for (let i = 0; i < 50_000; i++) require('fs').writeSync(2, 'noise '.repeat(30) + '\\n');
          console.error('the reason'); process.exitCode = 1`;
        const { stream } = await subject.fakeDump(flood).dump(source, calm());
        const { message } = await failureOf(buffer(stream), 'dump_failed', source.password?.reveal());
        expect(message).to.contain('the reason');
        expect(message.length).to.be.lessThan(10_000);
      });

      rule(
        'server',
        'tells a server that is stopped midway as a lost connection, and cannot reach it afterwards',
        async function () {
          this.timeout(60_000);
          const server = await subject.ownServer();
          const { stream } = await engine.dump(server.connection, calm());
          await once(stream, 'readable');
          await server.stop();
          await failureOf(buffer(stream), 'connection_lost');
          await failureOf(engine.probe(server.connection, calm()), 'host_unreachable');
        },
      );

      rule(
        'signal',
        'fails the stream when its program is killed, with nothing that could pass for an end',
        async () => {
          const { stream } = await engine.dump(source, calm());
          await once(stream, 'readable');
          const [program] = subject.runningPrograms();
          process.kill(program?.pid ?? 0, 'SIGKILL');
          await failureOf(buffer(stream), 'dump_killed', source.password?.reveal());
        },
      );

      rule('abort', 'ends with the reason of the signal, and no process stays', async () => {
        const controller = new AbortController();
        const { stream } = await engine.dump(source, { signal: controller.signal });
        await once(stream, 'readable');
        const pids = subject.runningPrograms().map(({ pid }) => pid);
        expect(pids).to.have.length(hasPrograms ? 1 : 0);
        controller.abort(new HoldfastError('lease_lost'));
        await failureOf(buffer(stream), 'lease_lost');
        await until('no process is left', 10, () => !pids.some(isAlive) && subject.runningPrograms().length === 0);
      });

      rule('abort', 'ends its program when the stream is destroyed', async () => {
        const { stream } = await engine.dump(source, calm());
        await once(stream, 'readable');
        stream.destroy();
        await until('no program is left', 10, () => subject.runningPrograms().length === 0);
      });

      rule('abort', 'does not begin when the signal is aborted already', async () => {
        const reason = new HoldfastError('cancelled');
        await failureOf(engine.dump(source, { signal: AbortSignal.abort(reason) }), 'cancelled');
      });

      rule('secrets', 'shows the password in no command line', async () => {
        const { stream } = await engine.dump(source, calm());
        await once(stream, 'readable');
        for (const { pid } of subject.runningPrograms()) {
          const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          expect(commandLine).to.not.equal('').and.not.contain(source.password?.reveal());
        }
        stream.destroy();
        await until('no program is left', 10, () => subject.runningPrograms().length === 0);
      });
    });

    describe('failures before any work', () => {
      for (const { what, change, code } of wrong) {
        rule('credentials', `tells ${what} clearly and soon`, async () => {
          const connection = { ...source, ...change };
          const secret = connection.password?.reveal();
          await failureOf(engine.probe(connection, calm()), code, secret);
          await failureOf(engine.dump(connection, calm()), code, secret);
        });
      }

      rule('version', 'refuses a server that its programs cannot read, before any work', async function () {
        this.timeout(60_000);
        const { engine: older, connection, code } = await subject.tooOld();
        await failureOf(older.dump(connection, calm()), code);
      });
    });

    describe('restore', () => {
      rule('in_place', 'puts the former content back in place, under connected clients', async () => {
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

      rule('in_place', 'restores in place what was dropped as a whole', async () => {
        const connection = { ...source, database: subject.newName(source, 'gone') };
        await engine.restore(connection, inPlace(), Readable.from([archive]), calm());
        expect(await subject.content(connection)).to.deep.equal(await subject.content(source));
      });

      rule('in_place', 'refuses to restore into a database that exists', async () => {
        const existing = await subject.database('sample');
        const before = await subject.content(existing);
        const work = engine.restore(source, intoNew(existing.database), Readable.from([archive]), calm());
        await failureOf(work, 'restore_target_exists');
        expect(await subject.content(existing)).to.deep.equal(before);
      });

      // Who reads an archive before anything begins finds it not whole; who feeds a program hears it fail.
      const refused: ErrorCode[] = ['restore_failed', 'integrity'];
      const broken: [string, () => Readable, ErrorCode[]][] = [
        [
          'the input fails midway',
          () =>
            Readable.from(
              (async function* () {
                yield half();
                throw new HoldfastError('integrity');
              })(),
            ),
          ['integrity'],
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
          ['integrity'],
        ],
        ['the input ends too early', () => Readable.from([half()]), refused],
        ['the input is empty', () => Readable.from([]), refused],
        ['the input is no archive', () => Readable.from([Buffer.alloc(100_000, 'no archive ')]), refused],
      ];
      for (const [what, input, codes] of broken) {
        rule('broken', `keeps the whole old content and leaves nothing beside it when ${what}`, async () => {
          const connection = await subject.database('sample');
          await subject.change(connection);
          const before = await subject.content(connection);
          const names = await subject.names(connection);
          const secret = connection.password?.reveal();
          await failureOf(engine.restore(connection, inPlace(), input(), calm()), codes, secret);
          await failureOf(
            engine.restore(connection, intoNew(subject.newName(connection, 'not wanted')), input(), calm()),
            codes,
            secret,
          );
          expect(await subject.content(connection)).to.deep.equal(before);
          expect(await subject.names(connection)).to.deep.equal(names);
        });
      }

      rule(
        'restore_abort',
        'ends with the reason of the signal, keeps the old content and leaves nothing',
        async () => {
          const connection = await subject.database('sample');
          const before = await subject.content(connection);
          const names = await subject.names(connection);
          const controller = new AbortController();
          const input = new Readable({ read: () => undefined });
          input.push(half());
          const work = engine.restore(connection, inPlace(), input, { signal: controller.signal });
          const settled = failureOf(work, 'lease_lost');
          await until('the restore runs', 10, () =>
            restoresByProgram ? subject.runningPrograms().length > 0 : input.readableDidRead,
          );
          controller.abort(new HoldfastError('lease_lost'));
          await settled;
          expect(input.destroyed).to.equal(true);
          expect(await subject.content(connection)).to.deep.equal(before);
          expect(await subject.names(connection)).to.deep.equal(names);
        },
      );

      if (restoresByProgram) {
        rule('restore_abort', 'fails when its program is killed', async () => {
          const connection = await subject.database('empty');
          const input = new Readable({ read: () => undefined });
          input.push(half());
          let ended = false;
          const settled = failureOf(engine.restore(connection, inPlace(), input, calm()), 'restore_killed').finally(
            () => {
              ended = true;
            },
          );
          // The first may be one that is only asked for its version, and is asked again.
          await until('it has failed', 20, () => {
            for (const { pid } of subject.runningPrograms()) process.kill(pid, 'SIGKILL');
            return ended;
          });
          await settled;
        });
      }

      rule('clean_up', 'cleans up as often as asked, and never the target', async () => {
        const before = await subject.content(source);
        const { restoreId } = inPlace();
        await engine.cleanUpRestore(source, restoreId, calm());
        await engine.cleanUpRestore(source, restoreId, calm());
        expect(await subject.content(source)).to.deep.equal(before);
      });
    });
  });
}
