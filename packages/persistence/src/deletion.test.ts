import { expect } from 'chai';
import * as fc from 'fast-check';
import { Client } from 'pg';
import type { Backup, Database, Destination, VerificationLevel } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import type { DataSource } from 'typeorm';
import { connect } from './data-source.ts';
import { markExpired } from './deletion.ts';
import type { NewRestore, Persistence } from './index.ts';
import { failure, lease, newFile, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';

const unknownId = '01937b7c-0000-7000-8000-000000000000';
const refused = { code: 'store_denied', message: 'The store said no.' } as const;

describe('deletion', () => {
  let world: World;
  let other: Persistence;
  before(async () => {
    world = await openWorld();
    other = await world.another();
  });
  after(() => world.drop());

  const request = (id: string, by: Persistence = world) =>
    by.backups.requestDeletion(world.account.id, id, { graceSeconds: 0 });
  const wanted = (backup: Backup, change: Partial<NewRestore> = {}): NewRestore => ({
    backupId: backup.id,
    databaseId: backup.databaseId,
    target: { mode: 'in_place' },
    ownership: 'skip',
    fileIds: null,
    requestId: null,
    maxFailures: 1,
    ...change,
  });
  const row = async (id: string) => {
    const [found] = await world.sql<Record<string, unknown>>('select * from holdfast.backups where id = $1', [id]);
    return found;
  };
  const takenIds = async (againSeconds = 0) =>
    (await world.backups.takeDeletable(1000, againSeconds)).map(({ id }) => id);

  /** What a worker does around the removal of the objects. */
  const removed = async (id: string, by: Persistence = world): Promise<void> => {
    await by.backups.beginRemoval(id);
    await by.backups.markDeleted(id);
  };

  /** A destination of its own with a database that has used it and now uses another. */
  async function usedDestination(): Promise<{ destination: Destination; database: Database }> {
    const local = { label: 'Local', type: 'local', settings: { path: unusedName() } } as const;
    const destination = await world.destinations.create(world.account.id, local);
    const database = await world.newDatabase();
    return { destination, database };
  }
  async function backupIn({ destination, database }: Awaited<ReturnType<typeof usedDestination>>, done = true) {
    const backup = await world.backups.create({
      databaseId: database.id,
      destinationId: destination.id,
      method: 'manual',
      requestId: null,
      maxFailures: 3,
    });
    if (!backup) throw new Error('The test backup was not created.');
    if (!done) return backup;
    await world.backups.claim(backup.id, lease);
    await world.backups.settle(backup.id, 1, { files: [newFile(backup.id)], manifestKey: 'manifest.json' });
    return backup;
  }

  describe('of a backup', () => {
    it('hides it from its account at once and leaves its record until no object is left', async () => {
      const backup = await world.doneBackup();
      expect(await request(backup.id)).to.equal('requested');
      expect(await world.backups.findOwned(world.account.id, backup.id)).to.equal(null);
      expect(await world.backups.listOfDatabase(backup.databaseId)).to.deep.equal([]);
      expect(await world.backups.setLocked(world.account.id, backup.id, true)).to.equal(null);
      expect(await world.restores.create(wanted(backup))).to.equal(null);
      expect(await request(backup.id), 'again').to.equal(null);
      expect((await world.backups.findDeletable(backup.id))?.attempts).to.have.length(1);
      expect(await row(backup.id)).to.include({ status: 'done', deleted_at: null });
    });

    it('is not heard from another account, nor for what does not exist', async () => {
      const { id } = await world.doneBackup();
      expect(await world.backups.requestDeletion(world.account.id + 1, id, { graceSeconds: 0 })).to.equal(null);
      for (const unknown of [unknownId, 'no-uuid', '']) expect(await request(unknown), unknown).to.equal(null);
      expect(await world.backups.findOwned(world.account.id, id)).to.include({ id });
    });

    it('cancels one that waits, so that no worker begins it', async () => {
      const { id } = await world.newBackup();
      expect(await request(id)).to.equal('requested');
      const cancelled = await row(id);
      expect(cancelled).to.include({ status: 'error', attempt: 0 });
      expect(cancelled?.['error']).to.include({ code: 'cancelled' });
      expect(cancelled?.['completed_at']).to.be.a('date');
      expect(await world.backups.claim(id, lease)).to.equal(null);
      expect((await world.backups.takeDue(1000, 0)).map((due) => due.id)).to.not.include(id);
    });

    it('is refused while it runs, is locked or is being restored, and heard afterwards', async () => {
      const running = await world.newBackup();
      await world.backups.claim(running.id, lease);
      expect(await request(running.id)).to.equal('running');
      await world.backups.settle(running.id, 1, { files: [newFile(running.id)], manifestKey: 'manifest.json' });
      await world.backups.setLocked(world.account.id, running.id, true);
      expect(await request(running.id)).to.equal('locked');
      await world.backups.setLocked(world.account.id, running.id, false);
      const restore = await world.restores.create(wanted(running));
      if (restore === 'busy' || !restore) throw new Error('The test restore was not created.');
      expect(await request(running.id), 'waits').to.equal('being_restored');
      await world.restores.claim(restore.id, lease);
      expect(await request(running.id), 'runs').to.equal('being_restored');
      expect((await row(running.id))?.['deletion_requested_at']).to.equal(null);
      await world.restores.settle(restore.id, 1, 'done');
      expect(await request(running.id)).to.equal('requested');
    });

    it('sees a restore that was just being asked for when it came', async () => {
      const backup = await world.doneBackup();
      const earlier = await world.restores.create(wanted(backup));
      if (earlier === 'busy' || !earlier) throw new Error('The test restore was not created.');
      await world.restores.requestCancel(earlier.id);
      const session = new Client({ connectionString: world.url.reveal() });
      await session.connect();
      await session.query('begin');
      await session.query(
        `insert into holdfast.restores select (jsonb_populate_record(r, $2::jsonb)).* from holdfast.restores r where r.id = $1`,
        [earlier.id, JSON.stringify({ id: systemIds.uuid(), status: 'scheduled', error: null, completed_at: null })],
      );
      const answer = request(backup.id);
      await world.waitsForLock();
      await session.query('commit');
      await session.end();
      expect(await answer).to.equal('being_restored');
    });

    it('never meets a claim, a restore or a lock, whichever comes first', async () => {
      const clash = `
        select from holdfast.backups b where b.deletion_requested_at is not null and (
          b.status not in ('done', 'error') or b.locked_at is not null
          or exists (select from holdfast.restores r where r.backup_id = b.id and r.status in ('scheduled', 'pending')))`;
      const acts = {
        delete: (by: Persistence, { id }: Backup) => request(id, by),
        deleteAll: (by: Persistence, { destinationId }: Backup) =>
          by.destinations.requestDeletion(world.account.id, destinationId),
        undelete: (by: Persistence, { databaseId, id }: Backup) =>
          by.backups.undelete(world.account.id, databaseId, id),
        begin: (by: Persistence, { id }: Backup) => by.backups.beginRemoval(id),
        claim: (by: Persistence, { id }: Backup) => by.backups.claim(id, lease),
        lock: (by: Persistence, { id }: Backup) => by.backups.setLocked(world.account.id, id, true),
        restore: (by: Persistence, backup: Backup) => by.restores.create(wanted(backup)),
        fail: (by: Persistence, { id }: Backup) => by.backups.fail(id, 1, failure),
      };
      const names = fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[]));
      const order = fc.array(names, { minLength: 2, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(fc.boolean(), order, order, async (done, first, second) => {
          const backup = await backupIn(await usedDestination(), done);
          const play = async (by: Persistence, turns: (keyof typeof acts)[]): Promise<void> => {
            for (const turn of turns) await acts[turn](by, backup);
          };
          await Promise.all([play(world, first), play(other, second)]);
          expect(await world.sql(clash)).to.deep.equal([]);
        }),
        { numRuns: 60 },
      );
    });

    it('tells whoever removes the objects which request asked for it', async () => {
      const { id } = await world.doneBackup();
      await world.backups.requestDeletion(world.account.id, id, { requestId: 'r-of-the-deletion', graceSeconds: 0 });
      expect(await world.backups.takeDeletable(1000, 0)).to.deep.include({ id, requestId: 'r-of-the-deletion' });
    });

    it('is taken by one of two schedulers, and again only after a while, until it is done', async () => {
      const { id } = await world.doneBackup();
      await request(id);
      const turns = await Promise.all([world, other].map(({ backups }) => backups.takeDeletable(1000, 30)));
      expect(turns.flat().filter((taken) => taken.id === id)).to.deep.equal([{ id, requestId: null }]);
      expect(await takenIds(30)).to.not.include(id);
      await world.sql(`update holdfast.backups set deletion_rung_at = deletion_rung_at - interval '31 seconds'`);
      expect(await takenIds(30)).to.include(id);
      await removed(id);
      expect(await takenIds()).to.not.include(id);
    });

    it('waits for the sweep of every attempt that did not settle', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      await world.backups.fail(id, 1, { ...failure, retryable: false });
      expect(await request(id)).to.equal('requested');
      expect(await takenIds()).to.not.include(id);
      expect(await world.backups.beginRemoval(id)).to.equal(null);
      await world.backups.markSwept(id, 1);
      expect(await takenIds()).to.include(id);
    });

    it('records why it failed, goes on, and forgets the reason when it succeeds', async () => {
      const { id } = await world.doneBackup();
      await world.backups.deletionFailed(id, refused);
      await request(id);
      await world.backups.deletionFailed(id, refused);
      expect((await row(id))?.['deletion_error']).to.deep.equal(refused);
      expect(await takenIds()).to.include(id);
      await removed(id);
      expect(await row(id)).to.include({ deletion_error: null });
      expect((await row(id))?.['deleted_at']).to.be.a('date');
      await world.backups.deletionFailed(id, refused);
      expect(await row(id), 'of a late trial').to.include({ deletion_error: null });
    });

    it('is recorded once, only after the removal has begun, and may be recorded again', async () => {
      const { id } = await world.doneBackup();
      await world.backups.markDeleted(id);
      expect(await row(id), 'nobody asked').to.include({ deleted_at: null });
      await request(id);
      await world.backups.markDeleted(id);
      expect(await row(id), 'nothing was removed').to.include({ deleted_at: null });
      await Promise.all([removed(id), removed(id, other)]);
      const at = (await row(id))?.['deleted_at'];
      expect(at).to.be.a('date');
      await world.backups.markDeleted(id);
      expect((await row(id))?.['deleted_at']).to.deep.equal(at);
      expect(await world.backups.findDeletable(id)).to.equal(null);
    });

    it('lets its database go when every backup of it is gone, and not before', async () => {
      const database = await world.newDatabase();
      const backup = await world.doneBackup(database);
      const restore = await world.restores.create(wanted(backup));
      await world.restores.requestCancel(restore === 'busy' ? '' : (restore?.id ?? ''));
      await request(backup.id);
      expect(await world.databases.delete(world.account.id, database.id)).to.equal(1);
      await removed(backup.id);
      expect(await world.databases.delete(world.account.id, database.id)).to.equal(0);
      expect(await row(backup.id)).to.equal(undefined);
    });
  });

  describe('that can be taken back', () => {
    const hour = { graceSeconds: 3600 };
    const mark = (id: string, more = {}) => world.backups.requestDeletion(world.account.id, id, { ...hour, ...more });
    const undelete = ({ databaseId, id }: Backup, by: Persistence = world) =>
      by.backups.undelete(world.account.id, databaseId, id);
    const state = async ({ id, databaseId }: Backup) =>
      (await world.backups.deletionsOf(databaseId, 100)).find(({ backup }) => backup.id === id)?.state;
    const becomesDue = (id: string) =>
      world.sql('update holdfast.backups set deletion_due_at = now() where id = $1', [id]);

    it('hides the backup at once, removes nothing before its grace is over, and shows how it goes', async () => {
      const backup = await world.doneBackup();
      expect(await mark(backup.id)).to.equal('requested');
      expect(await world.backups.findOwned(world.account.id, backup.id)).to.equal(null);
      expect(await takenIds()).to.not.include(backup.id);
      expect(await world.backups.beginRemoval(backup.id)).to.equal(null);
      await world.backups.markDeleted(backup.id);
      expect(await state(backup)).to.equal('marked');
      await becomesDue(backup.id);
      expect(await takenIds()).to.include(backup.id);
      expect(await state(backup), 'rung for, not begun').to.equal('marked');
      expect(await world.backups.beginRemoval(backup.id)).to.equal('begun');
      expect(await state(backup)).to.equal('removing');
      await world.backups.deletionFailed(backup.id, refused);
      const [failed] = await world.backups.deletionsOf(backup.databaseId, 100);
      expect(failed).to.deep.include({ state: 'failed', failures: 1, error: refused });
      expect(await world.backups.beginRemoval(backup.id), 'again').to.equal('begun');
      await world.backups.markDeleted(backup.id);
      expect(await state(backup)).to.equal('deleted');
      expect(await world.backups.beginRemoval(backup.id)).to.equal(null);
    });

    it('gives the backup back as it was, to its account alone, also when nobody had deleted it', async () => {
      const backup = await world.doneBackup();
      await mark(backup.id, { requestId: 'r-2' });
      await becomesDue(backup.id);
      await takenIds();
      const { id, databaseId } = backup;
      expect(await world.backups.undelete(world.account.id + 1, databaseId, id)).to.equal(null);
      expect(await world.backups.undelete(world.account.id, unknownId, id)).to.equal(null);
      expect(await world.backups.undelete(world.account.id, databaseId, 'no-uuid')).to.equal(null);
      expect(await state(backup)).to.equal('marked');
      expect(await undelete(backup)).to.deep.equal(backup);
      expect(await undelete(backup), 'again').to.deep.equal(backup);
      const { deletion_request_id, deletion_rung_at, deletion_due_at } = (await row(id)) ?? {};
      expect([deletion_request_id, deletion_rung_at, deletion_due_at]).to.deep.equal([null, null, null]);
      expect(await world.backups.beginRemoval(id)).to.equal(null);
      expect(await mark(id)).to.equal('requested');
    });

    it('is taken back or carried out, never both, when both are tried in the same moment', async () => {
      for (let round = 0; round < 40; round += 1) {
        const backup = await world.doneBackup();
        await mark(backup.id);
        await becomesDue(backup.id);
        const begins = () => other.backups.beginRemoval(backup.id);
        const takesBack = () => undelete(backup);
        const turns = round % 2 === 0 ? [begins, takesBack] : [takesBack, begins];
        const answers = await Promise.all(turns.map((turn) => turn()));
        const begun = answers.includes('begun');
        const back = !answers.includes('too_late');
        expect(begun, `round ${round}`).to.equal(!back);
        const after = await row(backup.id);
        expect(after?.['deletion_begun_at'] !== null).to.equal(begun);
        expect(after?.['deletion_requested_at'] !== null).to.equal(begun);
      }
    });

    it('is refused for the only good backup where that is asked, also when two good ones are deleted at once', async () => {
      const keep = { keepLastGood: true };
      for (let round = 0; round < 15; round += 1) {
        const database = await world.newDatabase();
        const [first, second] = [await world.doneBackup(database), await world.doneBackup(database)];
        const answers = await Promise.all([
          mark(first.id, keep),
          other.backups.requestDeletion(world.account.id, second.id, { ...hour, ...keep }),
        ]);
        expect(answers, `round ${round}`).to.have.members(['requested', 'last_good']);
      }
      const database = await world.newDatabase();
      const [damaged, only] = [await world.doneBackup(database), await world.doneBackup(database)];
      await world.backups.markDamaged(damaged.id, { state: 'missing', detail: 'The dump is missing.' });
      expect(await mark(only.id, keep)).to.equal('last_good');
      expect(await mark(damaged.id, keep)).to.equal('requested');
      expect(await mark(only.id)).to.equal('requested');
    });

    it('waits longer after each failure, up to six hours', async () => {
      const { id } = await world.doneBackup();
      await request(id);
      const pauseIs = async (seconds: number): Promise<void> => {
        const rungAgo = (ago: number) =>
          world.sql(`update holdfast.backups set deletion_rung_at = now() - make_interval(secs => $2) where id = $1`, [
            id,
            ago,
          ]);
        await rungAgo(seconds - 5);
        expect(await takenIds(300), `before ${seconds} s`).to.not.include(id);
        await rungAgo(seconds + 5);
        expect(await takenIds(300), `after ${seconds} s`).to.include(id);
      };
      await pauseIs(300);
      for (const seconds of [300, 600, 1200, 2400, 4800, 9600, 19_200, 21_600, 21_600]) {
        await world.backups.deletionFailed(id, refused);
        await pauseIs(seconds);
      }
    });

    it('ends the slot of a backup that still waited, in the same moment', async () => {
      const database = await world.newDatabase();
      const schedule = await world.schedules.create(world.account.id, newSchedule(database.id));
      const backup = await world.newBackup(database);
      await world.sql('delete from holdfast.slots where schedule_id = $1', [schedule?.id]);
      await world.sql(
        `insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers, backup_id)
         values ($1, now(), now(), 'running', 1, $2)`,
        [schedule?.id, backup.id],
      );
      expect(await mark(backup.id)).to.equal('requested');
      expect(await world.sql('select status from holdfast.slots where backup_id = $1', [backup.id])).to.deep.equal([
        { status: 'error' },
      ]);
    });
  });

  describe('by a policy', () => {
    let session: DataSource;
    before(async () => {
      session = await connect(world.url, { poolSize: 2, statementSeconds: 30 });
    });
    after(() => session.destroy());
    const expire = (databaseId: string, ids: string[], graceSeconds = 0) =>
      session.transaction((manager) =>
        markExpired(
          manager,
          databaseId,
          ids.map((id) => ({ id, reason: 'It is too old.' })),
          graceSeconds,
        ),
      );

    it('marks what may go with its reason, and passes over what was locked, is restored, runs or is another database’s', async () => {
      const database = await world.newDatabase();
      const made: Backup[] = [];
      for (let count = 0; count < 5; count += 1) made.push(await world.doneBackup(database));
      const [old, locked, restored, marked, newest] = made;
      if (!old || !locked || !restored || !marked || !newest) throw new Error('Too few test backups.');
      const foreign = await world.doneBackup();
      await world.doneBackup((await world.databases.find(foreign.databaseId)) ?? undefined);
      const running = await world.newBackup(database);
      await world.backups.claim(running.id, lease);
      await world.backups.setLocked(world.account.id, locked.id, true);
      await world.restores.create(wanted(restored));
      await request(marked.id);
      const all = [old, locked, restored, marked, foreign, running].map(({ id }) => id);
      expect(await expire(database.id, all, 60)).to.deep.equal([old.id]);
      const deletion = (await world.backups.deletionsOf(database.id, 100)).find(({ backup }) => backup.id === old.id);
      expect(deletion).to.deep.include({ state: 'marked' });
      expect(deletion?.backup.deletionReason).to.equal('It is too old.');
      expect((await world.backups.find(marked.id))?.deletionReason).to.equal(null);
      await world.backups.settle(running.id, 1, { files: [newFile(running.id)], manifestKey: 'manifest.json' });
      expect(await expire(database.id, [running.id, newest.id])).to.have.members([running.id, newest.id]);
    });

    it('never marks the last good backup, whatever else goes, is damaged or is deleted at the same moment', async () => {
      const isGood = `select count(*)::integer as count from holdfast.backups
        where database_id = $1 and status = 'done' and damaged_at is null and deletion_requested_at is null`;
      for (let round = 0; round < 15; round += 1) {
        const database = await world.newDatabase();
        const [first, second, third] = [
          await world.doneBackup(database),
          await world.doneBackup(database),
          await world.doneBackup(database),
        ];
        await Promise.all([
          expire(database.id, [first.id, second.id]),
          expire(database.id, [second.id, third.id]),
          other.backups.requestDeletion(world.account.id, third.id, { graceSeconds: 0, keepLastGood: true }),
        ]);
        const [left] = await world.sql<{ count: number }>(isGood, [database.id]);
        expect(left?.count, `round ${round}`).to.be.greaterThanOrEqual(1);
      }
      const database = await world.newDatabase();
      const backups = [await world.doneBackup(database), await world.doneBackup(database)];
      expect(
        await expire(
          database.id,
          backups.map(({ id }) => id),
        ),
        'all of them',
      ).to.deep.equal([]);
    });

    it('is taken back by itself when what it marked has become the last good backup in the meantime', async () => {
      const database = await world.newDatabase();
      const [old, newest] = [await world.doneBackup(database), await world.doneBackup(database)];
      expect(await expire(database.id, [old.id])).to.deep.equal([old.id]);
      await world.backups.markDamaged(newest.id, { state: 'missing', detail: 'The dump is missing.' });
      expect(await world.backups.beginRemoval(old.id)).to.equal('spared');
      expect(await world.backups.findOwned(world.account.id, old.id)).to.include({ id: old.id, deletionReason: null });
      expect(await world.backups.beginRemoval(old.id)).to.equal(null);
      await request(old.id);
      expect(await world.backups.beginRemoval(old.id), 'as somebody asked for it').to.equal('begun');
    });

    const askFor = (id: string) =>
      world.backups.requestDeletion(world.account.id, id, { graceSeconds: 0, keepLastGood: true });

    it('passes over what is verified, waits for it, or is proven better than every other good one, also after the mark', async () => {
      const database = await world.newDatabase();
      const schedule = await world.schedules.create(world.account.id, {
        ...newSchedule(database.id),
        verification: { level: 'identical', every: 1, scratchDatabaseId: null },
      });
      const made = async (level: VerificationLevel): Promise<Backup> => {
        const backup = await world.doneBackup(database);
        const set = 'update holdfast.backups set schedule_id = $2, verified_level = $3 where id = $1';
        await world.sql(set, [backup.id, schedule?.id, level]);
        return backup;
      };
      const [old, proven] = [await made('identical'), await made('identical')];
      const newest = await made('stored');
      const { id } = await world.newVerification(old);
      expect(await expire(database.id, [old.id]), 'while one waits').to.deep.equal([]);
      await world.verifications.claim(id, lease);
      expect(await expire(database.id, [old.id]), 'while one runs').to.deep.equal([]);
      await world.verifications.settle(id, 1, { reached: 'readable', findings: [], damage: null });
      expect(await expire(database.id, [old.id, proven.id]), 'beside a worse one').to.deep.equal([]);
      expect(await expire(database.id, [old.id])).to.deep.equal([old.id]);
      await world.backups.markDamaged(proven.id, { state: 'missing', detail: 'The dump is missing.' });
      expect(await world.backups.beginRemoval(old.id)).to.equal('spared');
      expect(await askFor(old.id), 'as somebody asks for it').to.equal('requested');
      expect(await askFor(newest.id)).to.equal('last_good');
    });

    it('does not count on a backup that a verification found wanting', async () => {
      const database = await world.newDatabase();
      const schedule = await world.schedules.create(world.account.id, {
        ...newSchedule(database.id),
        verification: { level: 'restorable', every: 7, scratchDatabaseId: null },
      });
      const [old, wanting] = [await world.doneBackup(database), await world.doneBackup(database)];
      await world.sql('update holdfast.backups set schedule_id = $2 where id = $1', [wanting.id, schedule?.id]);
      const { id } = await world.newVerification(wanting, { level: 'restorable' });
      await world.verifications.claim(id, lease);
      await world.verifications.settle(id, 1, { reached: 'readable', findings: [], damage: null });
      expect(await expire(database.id, [old.id])).to.deep.equal([]);
      expect(await askFor(old.id)).to.equal('last_good');
    });

    it('lets nothing go where every backup looks damaged, as in a wrong bucket, neither before the mark nor after it', async () => {
      const database = await world.newDatabase();
      const [first, second, newest] = [
        await world.doneBackup(database),
        await world.doneBackup(database),
        await world.doneBackup(database),
      ];
      expect(await expire(database.id, [first.id])).to.deep.equal([first.id]);
      for (const { id } of [first, second, newest]) {
        await world.backups.markDamaged(id, { state: 'missing', detail: 'The dump is missing.' });
      }
      expect(await expire(database.id, [second.id])).to.deep.equal([]);
      expect(await world.backups.beginRemoval(first.id)).to.equal('spared');
      await world.backups.clearDamage(newest.id);
      expect(await expire(database.id, [second.id]), 'as another one is good').to.deep.equal([second.id]);
    });
  });

  describe('of a destination', () => {
    const remove = (id: number, by: Persistence = world) => by.destinations.requestDeletion(world.account.id, id);
    const free = { backups: 0, busyBackups: 0, databases: 0, policies: 0, schedules: 0 };

    it('that holds nothing removes it at once', async () => {
      const { destination } = await usedDestination();
      expect(await remove(destination.id)).to.deep.equal(free);
      expect(await world.destinations.find(destination.id)).to.equal(null);
    });

    it('hides it and its backups, and ends when the objects of the last one are gone', async () => {
      const used = await usedDestination();
      const { id } = used.destination;
      const backups = [await backupIn(used), await backupIn(used)];
      expect(await remove(id)).to.deep.equal({ ...free, backups: 2 });
      expect(await world.destinations.findOwned(world.account.id, id)).to.equal(null);
      expect((await world.destinations.list(world.account.id, 1, 1000)).items.map((one) => one.id)).to.not.include(id);
      expect(
        await world.destinations.replace(world.account.id, id, { ...used.destination, type: 'local' } as never),
      ).to.equal(null);
      expect(await world.destinations.delete(world.account.id, id), 'again').to.equal(null);
      expect(await remove(id), 'again').to.equal(null);
      for (const backup of backups) {
        expect(await world.backups.findOwned(world.account.id, backup.id)).to.equal(null);
        expect(await world.destinations.find(id), 'for the worker').to.include({ id });
        await world.backups.markDeleted(backup.id);
      }
      expect(await world.destinations.find(id)).to.equal(null);
      for (const backup of backups) expect(await row(backup.id)).to.equal(undefined);
    });

    it('takes along at once what could still have been taken back, which then cannot be any more', async () => {
      const used = await usedDestination();
      const [marked, shown] = [await backupIn(used), await backupIn(used)];
      await world.backups.requestDeletion(world.account.id, marked.id, { graceSeconds: 3600 });
      expect(await remove(used.destination.id)).to.include({ backups: 2, busyBackups: 0 });
      for (const { id } of [marked, shown]) {
        expect(await world.backups.undelete(world.account.id, used.database.id, id)).to.equal('too_late');
        expect(await takenIds()).to.include(id);
        await removed(id);
      }
      expect(await world.destinations.find(used.destination.id)).to.equal(null);
    });

    it('ends also when two workers remove its last two backups at once', async () => {
      for (let round = 0; round < 30; round += 1) {
        const used = await usedDestination();
        const [first, second] = [await backupIn(used), await backupIn(used)];
        await remove(used.destination.id);
        await Promise.all([world.backups.markDeleted(first.id), other.backups.markDeleted(second.id)]);
        expect(await world.destinations.find(used.destination.id), `round ${round}`).to.equal(null);
      }
    });

    it('does nothing, and counts, while a database or a schedule uses it', async () => {
      const used = await usedDestination();
      const { id } = used.destination;
      const backup = await backupIn(used);
      const schedule = await world.schedules.create(world.account.id, {
        ...newSchedule(used.database.id),
        destinationId: id,
      });
      expect(await remove(id)).to.deep.equal({ ...free, backups: 1, schedules: 1 });
      await world.schedules.delete(world.account.id, schedule?.id ?? '');
      await world.databases.update(world.account.id, used.database.id, { destinationId: id });
      expect(await remove(id)).to.deep.equal({ ...free, backups: 1, databases: 1 });
      expect(await world.destinations.findOwned(world.account.id, id)).to.include({ id });
      expect(await world.backups.findOwned(world.account.id, backup.id)).to.include({ id: backup.id });
    });

    it('does nothing, and counts, while backups wait, run, are locked or are being restored', async () => {
      const used = await usedDestination();
      const { id } = used.destination;
      const locked = await backupIn(used);
      await world.backups.setLocked(world.account.id, locked.id, true);
      const restored = await backupIn(used);
      await world.restores.create(wanted(restored));
      const running = await backupIn(used, false);
      await world.backups.claim(running.id, lease);
      await backupIn(used, false);
      await backupIn({ ...used, database: await world.newDatabase() });
      expect(await remove(id)).to.deep.equal({ ...free, backups: 5, busyBackups: 4 });
      expect(
        await world.sql('select from holdfast.backups where destination_id = $1 and deletion_requested_at is null', [
          id,
        ]),
      ).to.have.length(5);
    });

    it('is not heard from another account, nor for a number that is not one', async () => {
      const { destination } = await usedDestination();
      expect(await world.destinations.requestDeletion(world.account.id + 1, destination.id)).to.equal(null);
      for (const id of [2 ** 31, 1.5, Number.NaN, 0]) expect(await remove(id)).to.equal(null);
      expect(await world.destinations.find(destination.id)).to.include({ id: destination.id });
    });

    it('is seen by a database and a schedule that were just being pointed at it', async () => {
      const { id: account } = world.account;
      const other = await world.newDatabase();
      const schedule = await world.schedules.create(account, newSchedule(other.id));
      const refer: Record<string, (id: number) => Promise<unknown>> = {
        'a new database': (id) => world.databases.create(account, { ...other, name: unusedName(), destinationId: id }),
        'a database': (id) => world.databases.update(account, other.id, { destinationId: id }),
        'a new schedule': (id) => world.schedules.create(account, { ...newSchedule(other.id), destinationId: id }),
        'a schedule': (id) => world.schedules.update(account, schedule?.id ?? '', { destinationId: id }),
      };
      for (const [what, point] of Object.entries(refer)) {
        const { id } = await world.destinations.create(account, {
          label: what,
          type: 'local',
          settings: { path: what },
        });
        const session = new Client({ connectionString: world.url.reveal() });
        await session.connect();
        await session.query('begin');
        await session.query('select from holdfast.destinations where id = $1 for update', [id]);
        const pointed = point(id).then(
          () => 'done',
          (error: unknown) => (error as Error).message,
        );
        await world.waitsForLock();
        await session.query('update holdfast.destinations set deletion_requested_at = now() where id = $1', [id]);
        await session.query('commit');
        await session.end();
        expect(await pointed, what).to.contain('has just been removed');
      }
    });

    it('does not wait for ever with a worker that claims one of its backups', async () => {
      for (let round = 0; round < 20; round += 1) {
        const used = await usedDestination();
        const backup = await backupIn(used, false);
        const [uses, claimed] = await Promise.all([remove(used.destination.id), other.backups.claim(backup.id, lease)]);
        expect([uses?.busyBackups, claimed?.status], `round ${round}`).to.deep.equal([1, 'pending']);
      }
    });

    it('without force takes one whose backups are all gone, and its records', async () => {
      const used = await usedDestination();
      const backup = await backupIn(used);
      await request(backup.id);
      const { id } = used.destination;
      expect(await world.destinations.delete(world.account.id, id)).to.include({ backups: 1 });
      await removed(backup.id);
      expect(await world.destinations.find(id), 'nobody asked for it').to.include({ id });
      expect(await world.destinations.delete(world.account.id, id)).to.deep.equal(free);
      expect(await row(backup.id)).to.equal(undefined);
    });
  });
});
