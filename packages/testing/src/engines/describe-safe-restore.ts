import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type {
  Connection,
  ContentManifest,
  Engine,
  RestoreRequest,
  RestoreSelection,
  RestoreSubject,
} from '@holdfast/shared/domain';
import { expect } from 'chai';
import { calm, failureOf } from './collect.ts';
import type { EngineSubject } from './describe-engine.ts';

/** What the rules of safe restores are proven with, beside what the others are. */
export interface SafeRestoreSubject extends EngineSubject {
  /** A part of the sample that can stand alone; null where what is backed up is restored as a whole. */
  part: RestoreSelection | null;
  /** One that the sample does not have. */
  unknownPart: RestoreSelection;
}

const inPlace = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  target: { mode: 'in_place' },
  ownership: 'keep',
  restoreId: randomUUID(),
  ...change,
});

/** The rules of the `Engine` interface about looking first, comparing, undoing and restoring a part. */
export function describeSafeRestore(name: string, open: () => Promise<SafeRestoreSubject>): void {
  describe(`${name} holds the rules of safe restores`, () => {
    let subject: SafeRestoreSubject;
    let engine: Engine;
    let source: Connection;
    let archive: Buffer;
    let expected: ContentManifest;
    let about: RestoreSubject;

    before(async () => {
      subject = await open();
      engine = subject.engine;
      source = await subject.database('sample');
      const dump = await engine.dump(source, calm(), { content: 'full', contentSeconds: 60 });
      archive = await buffer(dump.stream);
      const measured = await dump.content;
      if (!measured) throw new Error('The dump measured nothing.');
      expected = measured;
      about = { serverVersion: dump.serverVersion, tool: dump.tool, plainBytes: archive.length, content: expected };
    });

    const restore = (connection: Connection, request: RestoreRequest): ReturnType<Engine['restore']> =>
      engine.restore(connection, request, Readable.from([archive]), calm());
    const one = (): ContentManifest => ({
      ...expected,
      items: expected.items.map((item) => (item.count === null ? item : { ...item, count: item.count + 1 })),
    });
    const changed = async (): Promise<{ connection: Connection; before: string[]; names: string[] }> => {
      const connection = await subject.database('sample');
      await subject.change(connection);
      return { connection, before: await subject.content(connection), names: await subject.names(connection) };
    };

    it('finds no obstacle where a restore succeeds, and changes nothing by looking', async () => {
      const { connection, before, names } = await changed();
      const client = await subject.stayConnected(connection);
      const findings = await engine.preflight(connection, inPlace({ keepFormer: true }), about, calm());
      expect(findings.filter(({ severity }) => severity === 'blocker')).to.deep.equal([]);
      const connections = findings.find(({ code }) => code === 'connections');
      expect(connections?.severity).to.equal('warning');
      for (const { message } of findings) expect(message.length).to.be.greaterThan(20);
      await client.close();
      const taken = { mode: 'new_database', database: connection.database } as const;
      const [blocker] = await engine.preflight(connection, inPlace({ target: taken }), about, calm());
      expect(blocker?.severity).to.equal('blocker');
      expect(await subject.content(connection)).to.deep.equal(before);
      expect(await subject.names(connection)).to.deep.equal(names);
    });

    it('puts in place what equals what was backed up', async () => {
      const { connection, names } = await changed();
      await restore(connection, inPlace({ expected }));
      expect(await subject.content(connection)).to.deep.equal(await subject.content(source));
      expect(await subject.names(connection)).to.deep.equal(names);
    });

    it('puts nothing in place that differs from what was backed up, and leaves nothing', async () => {
      const { connection, before, names } = await changed();
      const error = await failureOf(restore(connection, inPlace({ expected: one() })), 'content_differs');
      expect(error.message).to.contain('not put in place');
      const fresh = { mode: 'new_database', database: `${connection.database}_differs` } as const;
      await failureOf(restore(connection, inPlace({ expected: one(), target: fresh })), 'content_differs');
      expect(await subject.content(connection)).to.deep.equal(before);
      expect(await subject.names(connection)).to.deep.equal(names);
    });

    it('keeps the former content through clean-up, swaps it back once for each undoing, and drops it when told', async () => {
      const { connection, before, names } = await changed();
      const request = inPlace({ keepFormer: true });
      const { former } = await restore(connection, request);
      const restored = await subject.content(connection);
      await engine.cleanUpRestore(connection, request.restoreId, calm());
      expect(await subject.names(connection)).to.have.members([...names, former]);
      expect((await engine.findRestored(connection, request, calm()))?.former).to.equal(former);

      const undoId = randomUUID();
      const client = await subject.stayConnected(connection);
      const outcome = await engine.undoRestore(connection, request.restoreId, undoId, calm());
      await client.close().catch(() => undefined);
      await engine.cleanUpRestore(connection, undoId, calm());
      expect(await engine.undoRestore(connection, request.restoreId, undoId, calm())).to.equal(outcome);
      expect(await subject.content(connection)).to.deep.equal(before);
      await engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
      expect(await subject.content(connection)).to.deep.equal(restored);

      await engine.dropFormer(connection, request.restoreId, calm());
      await engine.dropFormer(connection, request.restoreId, calm());
      expect(await subject.names(connection)).to.deep.equal(names);
      const again = engine.undoRestore(connection, request.restoreId, randomUUID(), calm());
      await failureOf(again, 'former_missing');
      expect(await subject.content(connection)).to.deep.equal(restored);
    });

    it('drops a database that the very restore has made, and no other', async () => {
      const target = { mode: 'new_database', database: `${source.database}_made` } as const;
      const request = inPlace({ target });
      const names = await subject.names(source);
      await restore(source, request);
      await engine.dropRestored(source, { ...request, restoreId: randomUUID() }, calm());
      await engine.dropRestored(source, { ...request, target: { mode: 'in_place' } }, calm());
      expect(await subject.names(source)).to.include(target.database);
      await engine.dropRestored(source, request, calm());
      await engine.dropRestored(source, request, calm());
      expect(await subject.names(source)).to.deep.equal(names);
    });

    it('restores a part as it was backed up, into a new database alone, and says that it is a part', async () => {
      const target = { mode: 'new_database', database: `${source.database}_part` } as const;
      const part = subject.part ?? subject.unknownPart;
      const into = restore(source, inPlace({ target, selection: part, expected }));
      if (subject.part) {
        expect((await into).outcome).to.contain('part');
        expect(await subject.content(source, target.database)).to.not.deep.equal(await subject.content(source));
      } else await failureOf(into, 'configuration');
      const { connection, before, names } = await changed();
      await failureOf(restore(connection, inPlace({ selection: part })), 'configuration');
      const other = { mode: 'new_database', database: `${connection.database}_none` } as const;
      await failureOf(restore(connection, inPlace({ target: other, selection: subject.unknownPart })), 'configuration');
      expect(await subject.content(connection)).to.deep.equal(before);
      expect(await subject.names(connection)).to.deep.equal(names);
    });
  });
}
