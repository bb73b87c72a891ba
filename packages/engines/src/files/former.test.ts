import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import { calm, dumpOf, failureOf } from '@holdfast/testing/engines';
import { expect } from 'chai';
import { readNote, writeNote } from '../paths/notes.ts';
import { identityOf, placesOf } from '../paths/places.ts';
import { filesEngine } from './engine.ts';

describe('the former content of a directory', () => {
  let folder: string;
  let site: string;
  let connection: Connection;
  let archive: Buffer;
  const engine = filesEngine([tmpdir()]);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-former-'));
    site = join(folder, 'site');
    mkdirSync(site);
    connection = { host: '', port: 0, user: '', password: null, database: site, options: {} };
    hold('backed up');
    archive = await dumpOf(engine, connection);
    hold('former');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const hold = (text: string): void => writeFileSync(join(site, 'a'), text);
  const held = (path = site): string => readFileSync(join(path, 'a'), 'utf8');
  const request = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
    target: { mode: 'in_place' },
    ownership: 'keep',
    restoreId: randomUUID(),
    keepFormer: true,
    ...change,
  });
  const restore = (asked: RestoreRequest) => engine.restore(connection, asked, Readable.from([archive]), calm());

  it('is put back when a kill between the two renamings left the target without a name', async () => {
    const asked = request();
    const places = placesOf(site, asked.restoreId);
    renameSync(site, places.kept);
    mkdirSync(places.build);
    await engine.cleanUpRestore(connection, asked.restoreId, calm());
    expect(held()).to.equal('former');
    expect(readdirSync(folder)).to.deep.equal(['site']);
  });

  it('is not taken for a leftover when the same restore is done again', async () => {
    const asked = request();
    const { former = '' } = await restore(asked);
    expect((await failureOf(restore(asked), 'restore_failed')).message).to.contain('in place already');
    await engine.cleanUpRestore(connection, asked.restoreId, calm());
    expect([held(), held(former)]).to.deep.equal(['backed up', 'former']);
  });

  it('comes back whole after an undoing was killed after any of its renamings, and is swapped once', async () => {
    for (const steps of [0, 1, 2, 3]) {
      const asked = request();
      hold('former');
      await restore(asked);
      const places = placesOf(site, asked.restoreId);
      const undoId = randomUUID();
      const note = await readNote(places);
      if (!note) throw new Error('Nothing was noted.');
      const incoming = (await identityOf(places.kept)) ?? '';
      await writeNote(places, { ...note, pending: { undoId, incoming } });
      if (steps > 0) renameSync(site, places.undone);
      if (steps > 1) renameSync(places.kept, site);
      if (steps > 2) renameSync(places.undone, places.kept);

      await engine.cleanUpRestore(connection, undoId, calm());
      expect([held(), held(places.kept)], String(steps)).to.deep.equal(['former', 'backed up']);
      const outcome = await engine.undoRestore(connection, asked.restoreId, undoId, calm());
      expect(outcome).to.contain('its former content again');
      expect([held(), held(places.kept)], String(steps)).to.deep.equal(['former', 'backed up']);
      await engine.dropFormer(connection, asked.restoreId, calm());
      expect(readdirSync(folder)).to.deep.equal(['site']);
    }
  });

  it('is of no concern to a new directory, which is known again by its restore alone', async () => {
    const database = join(folder, 'copy');
    const asked = request({ target: { mode: 'new_database', database } });
    expect(await engine.findRestored(connection, asked, calm())).to.equal(null);
    expect((await restore(asked)).former).to.equal(undefined);
    expect((await engine.findRestored(connection, asked, calm()))?.outcome).to.contain('was created');
    expect(await engine.findRestored(connection, { ...asked, restoreId: randomUUID() }, calm())).to.equal(null);
    // Somebody else's directory of the same name is nobody's to remove.
    rmSync(database, { recursive: true });
    mkdirSync(database);
    await engine.dropRestored(connection, asked, calm());
    expect(existsSync(database)).to.equal(true);
  });

  it('leaves nothing of a new directory that was killed before it had its name', async () => {
    const asked = request({ target: { mode: 'new_database', database: 'copy' } });
    const places = placesOf(join(folder, 'copy'), asked.restoreId);
    mkdirSync(places.build);
    const built = (await identityOf(places.build)) ?? '';
    const { target, restoreId } = places;
    await writeNote(places, { target, restoreId, isNew: true, built, undoneBy: [], pending: null });
    mkdirSync(target);
    await engine.cleanUpRestore(connection, restoreId, calm());
    expect(readdirSync(folder)).to.deep.equal(['site']);
  });

  it('is not lost where the target is an empty directory and a restore was killed before it began to swap', async () => {
    rmSync(join(site, 'a'));
    const asked = request();
    const places = placesOf(site, asked.restoreId);
    mkdirSync(places.build);
    const built = (await identityOf(places.build)) ?? '';
    const { target, restoreId } = places;
    await writeNote(places, { target, restoreId, isNew: false, built, undoneBy: [], pending: null });
    await engine.cleanUpRestore(connection, restoreId, calm());
    expect(readdirSync(folder)).to.deep.equal(['site']);
  });

  it('is safe from a restore to what is itself a root, or would lie outside', async () => {
    const narrow = filesEngine([site]);
    const input = (): Readable => Readable.from([archive]);
    await failureOf(narrow.restore(connection, request(), input(), calm()), 'path_outside_root');
    for (const database of ['copy', join(folder, 'copy'), '/etc/holdfast-test']) {
      const asked = request({ target: { mode: 'new_database', database } });
      await failureOf(narrow.restore(connection, asked, input(), calm()), 'path_outside_root');
    }
    expect(readdirSync(folder)).to.deep.equal(['site']);
    expect(held()).to.equal('former');
  });
});
