import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type Connection, type EngineGlobals } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { until } from '../until.ts';
import { calm, failureOf, wrongConnections } from './collect.ts';
import { isAlive } from './programs.ts';

/** One implementation, and real servers that it works on. */
export interface GlobalsSubject {
  globals: EngineGlobals;
  /** A server with globals of every kind, more of them than what pipes between programs hold. */
  source(): Promise<Connection>;
  /** Another server, with nothing but what it began with. */
  fresh(): Promise<Connection>;
  /** Describes the globals, the same for the same. */
  content(connection: Connection): Promise<string[]>;
  /** Changes some of the globals, takes others away. */
  change(connection: Connection): Promise<void>;
  /** The engine's client programs that run now. */
  runningPrograms(): readonly { pid: number }[];
}

/** The rules of the `EngineGlobals` interface, to be held by every implementation. */
export function describeGlobals(name: string, open: () => Promise<GlobalsSubject>): void {
  describe(`${name} holds the rules of an engine's globals`, () => {
    let subject: GlobalsSubject;
    let globals: EngineGlobals;
    let source: Connection;
    let bytes: Buffer;

    before(async () => {
      subject = await open();
      ({ globals } = subject);
      source = await subject.source();
      bytes = await buffer((await globals.dump(source, calm())).stream);
    });

    afterEach(() => until('no program runs', 10, () => subject.runningPrograms().length === 0));

    const restore = (connection: Connection, input = Readable.from([bytes])): ReturnType<EngineGlobals['restore']> =>
      globals.restore(connection, input, calm());

    it('names its file and format', async () => {
      const dump = await globals.dump(source, calm());
      expect(dump).to.include({ format: globals.format, estimatedBytes: null });
      expect(dump.fileName).to.match(/^[\w.]+$/);
      expect(dump.serverVersion).to.match(/^\d+/);
      dump.stream.destroy();
    });

    it('brings the globals of one server to another, as often as asked', async () => {
      const target = await subject.fresh();
      await restore(target);
      const once = await subject.content(target);
      expect(once).to.deep.equal(await subject.content(source));
      await restore(target);
      expect(await subject.content(target)).to.deep.equal(once);
    });

    it('puts back what was changed or taken away since', async () => {
      const target = await subject.fresh();
      await restore(target);
      await subject.change(target);
      expect(await subject.content(target)).to.not.deep.equal(await subject.content(source));
      await restore(target);
      expect(await subject.content(target)).to.deep.equal(await subject.content(source));
    });

    it('fails the stream when its program is killed, with nothing that could pass for an end', async () => {
      const { stream } = await globals.dump(source, calm());
      await once(stream, 'readable');
      process.kill(subject.runningPrograms()[0]?.pid ?? 0, 'SIGKILL');
      await failureOf(buffer(stream), 'dump_killed', source.password?.reveal());
    });

    it('ends a dump with the reason of the signal, and no process stays', async () => {
      const controller = new AbortController();
      const { stream } = await globals.dump(source, controller);
      await once(stream, 'readable');
      const pids = subject.runningPrograms().map(({ pid }) => pid);
      expect(pids).to.have.length(1);
      controller.abort(new HoldfastError('lease_lost'));
      await failureOf(buffer(stream), 'lease_lost');
      await until('no process is left', 10, () => !pids.some(isAlive));
    });

    it('does not begin when the signal is aborted already', async () => {
      const aborted = { signal: AbortSignal.abort(new HoldfastError('cancelled')) };
      await failureOf(globals.dump(source, aborted), 'cancelled');
      await failureOf(globals.restore(source, Readable.from([bytes]), aborted), 'cancelled');
    });

    it('shows the password in no command line', async () => {
      const { stream } = await globals.dump(source, calm());
      await once(stream, 'readable');
      const commandLines = subject.runningPrograms().map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      expect(commandLines).to.have.length(1);
      for (const line of commandLines) expect(line).to.contain('dump').and.not.contain(source.password?.reveal());
      stream.destroy();
    });

    for (const { what, change, code } of wrongConnections) {
      it(`tells ${what} clearly and soon`, async () => {
        const connection = { ...source, ...change };
        await failureOf(globals.dump(connection, calm()), code, connection.password?.reveal());
        // A server's globals stand in none of its databases.
        if (code === 'database_missing') return;
        await failureOf(restore(connection), code, connection.password?.reveal());
      });
    }

    const failingAfter = (part: number): Readable =>
      Readable.from(
        (async function* () {
          yield bytes.subarray(0, bytes.length * part);
          throw new HoldfastError('integrity');
        })(),
      );
    const broken: [string, () => Readable, Parameters<typeof failureOf>[1]][] = [
      ['the input fails midway', () => failingAfter(0.5), 'integrity'],
      ['the input fails at its very end', () => failingAfter(1), 'integrity'],
      ['the input ends too early', () => Readable.from([bytes.subarray(0, bytes.length / 2)]), 'restore_failed'],
      ['the input is empty', () => Readable.from([]), 'restore_failed'],
      ['the input holds no globals', () => Readable.from([Buffer.alloc(100_000, 'no globals ')]), 'restore_failed'],
    ];
    it('changes nothing when the input is broken', async () => {
      const target = await subject.fresh();
      const before = await subject.content(target);
      for (const [what, input, code] of broken) {
        await failureOf(restore(target, input()), code, target.password?.reveal());
        expect(await subject.content(target), what).to.deep.equal(before);
      }
    });

    it('ends a restore with the reason of the signal, and changes nothing', async () => {
      const target = await subject.fresh();
      const before = await subject.content(target);
      const controller = new AbortController();
      const input = new Readable({ read: () => undefined });
      input.push(bytes);
      const settled = failureOf(globals.restore(target, input, controller), 'lease_lost');
      await until('the input is being read', 10, () => input.readableLength === 0);
      controller.abort(new HoldfastError('lease_lost'));
      await settled;
      expect(input.destroyed).to.equal(true);
      expect(await subject.content(target)).to.deep.equal(before);
    });
  });
}
