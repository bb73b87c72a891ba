import type { Restore } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { lease, openWorld, type World } from './testing/world.ts';

const older = { ...lease, worker: 'older', engines: ['postgresql'] };
const newer = { ...lease, worker: 'newer', engines: ['postgresql', 'oracle'] };

describe('work on a kind of database that a worker does not know', () => {
  let world: World;

  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  /** A backup of a kind that no version up to this one knows. */
  async function strange(): Promise<string> {
    const database = await world.newDatabase();
    await world.sql(`update holdfast.databases set type = 'oracle' where id = $1`, [database.id]);
    return (await world.newBackup(database)).id;
  }
  const makeDue = (id: string): Promise<unknown> =>
    world.sql('update holdfast.backups set run_after = now() where id = $1', [id]);
  const waits = async (id: string): Promise<{ seconds: number; rung: boolean }> => {
    const [row] = await world.sql<{ seconds: number; rung: boolean }>(
      `select extract(epoch from run_after - now())::float as seconds, rung_at is not null as rung
       from holdfast.backups where id = $1`,
      [id],
    );
    return row ?? { seconds: 0, rung: false };
  };

  it('is not given to it, counts nothing, says what it waits for, and is rung for again more and more seldom', async () => {
    const id = await strange();
    expect((await world.backups.takeDue(4, 30)).map((due) => due.id)).to.deep.equal([id]);
    expect(await world.backups.claim(id, older)).to.equal(null);
    expect(await world.backups.setAside(id, older.engines)).to.equal('oracle');
    const aside = await world.backups.find(id);
    expect(aside).to.include({ status: 'scheduled', attempt: 0, failures: 0, startedAt: null });
    expect(aside?.error?.code).to.equal('engine_unknown');
    expect(aside?.error?.message).to.contain('"oracle"').and.to.contain('waits for one of a version that does');
    expect(await waits(id)).to.have.property('rung', false);
    expect((await waits(id)).seconds).to.be.within(0, 2);
    expect(await world.backups.setAside(id, older.engines), 'not due').to.equal(null);
    expect(await world.backups.takeDue(4, 0), 'in nobody’s way meanwhile').to.deep.equal([]);
    for (let turn = 0; turn < 15; turn += 1) {
      await makeDue(id);
      await world.backups.setAside(id, older.engines);
    }
    expect((await waits(id)).seconds, 'bounded').to.be.within(30, 60);
    await world.backups.requestCancel(id);
  });

  it('is begun by one that knows it, and then says nothing of that any more', async () => {
    const id = await strange();
    await world.backups.setAside(id, older.engines);
    await makeDue(id);
    const begun = await world.backups.claim(id, newer);
    expect(begun).to.include({ status: 'pending', attempt: 1, error: null });
    expect(await world.backups.setAside(id, older.engines), 'while it runs').to.equal(null);
    expect(await world.backups.find(id)).to.include({ status: 'pending', error: null });
    await world.backups.fail(id, 1, { error: { code: 'internal', message: 'x' }, retryable: false, retryInSeconds: 0 });
  });

  it('does not keep what it knows from being begun', async () => {
    const id = await strange();
    const known = await world.newBackup();
    await world.backups.setAside(id, older.engines);
    expect(await world.backups.setAside(known.id, older.engines)).to.equal(null);
    expect((await world.backups.takeDue(1, 30)).map((due) => due.id)).to.deep.equal([known.id]);
    expect(await world.backups.claim(known.id, older)).to.include({ status: 'pending' });
    await world.backups.requestCancel(id);
  });

  it('may be a restore or a verification just as well', async () => {
    const database = await world.newDatabase();
    const backup = await world.doneBackup(database);
    await world.sql(`update holdfast.databases set type = 'oracle' where id = $1`, [database.id]);
    await world.sql(`update holdfast.backups set engine = 'oracle' where id = $1`, [backup.id]);
    const verification = await world.newVerification(backup);
    const restore = (await world.restores.create({
      backupId: backup.id,
      databaseId: database.id,
      target: { mode: 'new_database', database: 'copy' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    })) as Restore;
    for (const [work, { id }] of [
      [world.verifications, verification],
      [world.restores, restore],
    ] as const) {
      expect(await work.claim(id, older)).to.equal(null);
      expect(await work.setAside(id, older.engines)).to.equal('oracle');
      expect(await work.find(id)).to.include({ status: 'scheduled', attempt: 0 });
    }
    await world.sql(`update holdfast.restores set run_after = now(), created_at = now() - interval '15 minutes'`);
    expect(await world.restores.setAside(restore.id, older.engines)).to.equal('oracle');
    const { raised } = await world.alerts.update();
    const alert = raised.find(({ kind }) => kind === 'engine_unknown');
    expect(alert).to.include({ subjectId: database.id });
    expect(alert?.message).to.contain('do not know databases of the kind "oracle"');
    await world.restores.requestCancel(restore.id);
    expect((await world.alerts.update()).cleared.map(({ kind }) => kind)).to.include('engine_unknown');
  });
});
