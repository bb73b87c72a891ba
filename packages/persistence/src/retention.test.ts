import { expect } from 'chai';
import { Client } from 'pg';
import type { Backup, Database, RetentionPolicy, Schedule, VerificationLevel } from '@holdfast/shared/domain';
import type { Persistence, Retained } from './index.ts';
import { failure, lease, newSchedule, openWorld, type World } from './testing/world.ts';

const graceSeconds = 3600;
const never = 1_000_000;
const noon = Date.parse('2026-06-15T12:00:00Z');
const day = 24 * 3_600_000;

describe('retention', () => {
  let world: World;
  let other: Persistence;
  before(async () => {
    world = await openWorld();
    other = await world.another();
  });
  after(() => world.drop());

  interface Line {
    database: Database;
    schedule: Schedule;
    /** Oldest first. */
    backups: Backup[];
  }

  /** A schedule with good backups of noon, one a day. */
  async function line(retention: RetentionPolicy, count: number): Promise<Line> {
    const database = await world.newDatabase();
    const schedule = await world.schedules.create(world.account.id, { ...newSchedule(database.id), retention });
    if (!schedule) throw new Error('The test schedule was not created.');
    const made = { database, schedule, backups: [] as Backup[] };
    for (let index = 0; index < count; index += 1) await add(made);
    return made;
  }
  async function add({ database, schedule, backups }: Line, isDone = true): Promise<Backup> {
    const at = new Date(noon + backups.length * day);
    const backup = isDone ? await world.doneBackup(database) : await failedBackup(database);
    await world.sql(
      `update holdfast.backups set schedule_id = $2, scheduled_for = $3, created_at = $3, started_at = $3 where id = $1`,
      [backup.id, schedule.id, at],
    );
    await world.sql('update holdfast.backup_attempts set started_at = $2 where backup_id = $1', [backup.id, at]);
    backups.push(backup);
    return backup;
  }
  async function failedBackup(database: Database): Promise<Backup> {
    const backup = await world.newBackup(database);
    await world.backups.claim(backup.id, lease);
    await world.backups.fail(backup.id, 1, { ...failure, retryable: false });
    return backup;
  }

  const applyAll = async (againSeconds = 0, by: Persistence = world): Promise<Retained[]> =>
    await by.retention.applyDue(1000, againSeconds, graceSeconds);
  const apply = async ({ schedule }: Line, againSeconds = 0): Promise<Retained | undefined> =>
    (await applyAll(againSeconds)).find(({ scheduleId }) => scheduleId === schedule.id);
  const markedOf = (retained: Retained | undefined): string[] => retained?.marked.map(({ id }) => id).toSorted() ?? [];
  const idsOf = (backups: readonly (Backup | undefined)[]): string[] =>
    backups.map((backup) => backup?.id ?? '').toSorted();
  const row = async (backup: Backup | undefined) => {
    const [found] = await world.sql<Record<string, unknown>>('select * from holdfast.backups where id = $1', [
      backup?.id,
    ]);
    return found ?? {};
  };
  const visible = async ({ database }: Line): Promise<string[]> =>
    idsOf(await world.backups.listOfDatabase(database.id));
  const change = (made: Line, retention: RetentionPolicy) =>
    world.schedules.update(world.account.id, made.schedule.id, { retention });

  /** Has `statement` open while a policy is applied, which waits for it where `waits`, and commits it then. */
  async function meanwhile(
    statement: string,
    parameters: unknown[],
    made: Line,
    { waits }: { waits: boolean },
  ): Promise<Retained | undefined> {
    const session = new Client({ connectionString: world.url.reveal() });
    await session.connect();
    await session.query('begin');
    await session.query(statement, parameters);
    const applied = apply(made);
    if (waits) await world.waitsForLock();
    else await applied;
    await session.query('commit');
    await session.end();
    return await applied;
  }

  it('lets go what no rule keeps, hides it, and says why and from when on', async () => {
    const made = await line({ keepLast: 2 }, 4);
    const [first, second, third, fourth] = made.backups;
    const applied = await apply(made);
    expect(markedOf(applied)).to.deep.equal(idsOf([first, second]));
    expect(await visible(made)).to.deep.equal(idsOf([third, fourth]));
    const gone = await row(first);
    expect(gone).to.include({ deletion_reason: 'No rule keeps it: the last 2.', deletion_request_id: null });
    expect(Number(gone['deletion_due_at']) - Number(gone['deletion_requested_at'])).to.be.closeTo(3_600_000, 1000);
    expect(markedOf(await apply(made)), 'again').to.deep.equal([]);
  });

  it('counts from the attempt that settled, whatever the row says of its first one', async () => {
    const made = await line({ keepDays: 1 }, 3);
    await world.sql('update holdfast.backups set started_at = $2 where id = $1', [made.backups[0]?.id, new Date(0)]);
    const { backups } = await world.retention.catalogue(made.schedule.id);
    expect(backups.map(({ at }) => at.getTime()).toSorted((a, b) => a - b)).to.deep.equal([
      noon,
      noon + day,
      noon + 2 * day,
    ]);
  });

  const verified = { level: 'restorable', scratchDatabaseId: null } as const;
  async function verifying(every: number | 'weekly', count: number): Promise<Line> {
    const made = await line({ keepLast: 1 }, count);
    await world.schedules.update(world.account.id, made.schedule.id, { verification: { ...verified, every } });
    return made;
  }
  async function verify(backup: Backup | undefined, reached: VerificationLevel): Promise<void> {
    if (!backup) throw new Error('There is no such backup.');
    const { id } = await world.newVerification(backup, { level: 'restorable', cause: 'policy' });
    await world.verifications.claim(id, lease);
    await world.verifications.settle(id, 1, { reached, findings: [], damage: null });
  }

  it('of a schedule that verifies each counts what was verified as it asks for, and keeps all while newer ones wait or came to less', async () => {
    const made = await verifying(1, 4);
    const [first, second, third, fourth] = made.backups;
    expect(markedOf(await apply(made)), 'none is verified').to.deep.equal([]);
    await verify(second, 'restorable');
    await verify(fourth, 'readable');
    expect(markedOf(await apply(made)), 'what newer ones could not replace stays').to.deep.equal(idsOf([first]));
    await verify(third, 'identical');
    expect(markedOf(await apply(made))).to.deep.equal(idsOf([second]));
    expect(await visible(made)).to.deep.equal(idsOf([third, fourth]));
  });

  it('of a schedule that verifies some counts all but what it found wanting, and keeps the newest verified one', async () => {
    const made = await verifying('weekly', 4);
    const [first, second, third, fourth] = made.backups;
    await verify(second, 'restorable');
    await verify(fourth, 'stored');
    expect(markedOf(await apply(made))).to.deep.equal(idsOf([first]));
    expect(await visible(made)).to.deep.equal(idsOf([second, third, fourth]));
    await world.schedules.update(world.account.id, made.schedule.id, { verification: null });
    expect(markedOf(await apply(made)), 'as nothing is asked for any more').to.deep.equal(idsOf([third]));
    expect(await visible(made), 'the newest that was restored').to.deep.equal(idsOf([second, fourth]));
  });

  it('lets nothing go that is about to be verified', async () => {
    const made = await line({ keepLast: 1 }, 2);
    const [first] = made.backups;
    if (!first) throw new Error('There are two.');
    const { id } = await world.newVerification(first);
    expect(markedOf(await apply(made))).to.deep.equal([]);
    await world.verifications.requestCancel(id);
    expect(markedOf(await apply(made))).to.deep.equal([first.id]);
  });

  it('never touches manual backups, those of other schedules, and what has no policy', async () => {
    const made = await line({ keepLast: 1 }, 3);
    const manual = [await world.doneBackup(made.database), await world.doneBackup(made.database)];
    const free = await line({}, 3);
    expect(markedOf(await apply(made))).to.deep.equal(idsOf(made.backups.slice(0, 2)));
    expect(await visible(made)).to.deep.equal(idsOf([...manual, made.backups[2]]));
    expect(await visible(free)).to.have.length(3);
  });

  it('keeps what is locked, in restore, or runs, and the last good one when all later ones fail', async () => {
    const made = await line({ keepLast: 1 }, 3);
    const [locked, restored, newest] = made.backups;
    await world.backups.setLocked(world.account.id, locked?.id ?? '', true);
    await world.restores.create({
      backupId: restored?.id ?? '',
      databaseId: made.database.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    });
    await add(made, false);
    await add(made, false);
    const running = await world.newBackup(made.database);
    await world.sql('update holdfast.backups set schedule_id = $2 where id = $1', [running.id, made.schedule.id]);
    expect(markedOf(await apply(made))).to.deep.equal([]);
    expect(await row(newest)).to.include({ deletion_requested_at: null });
    expect(await visible(made)).to.have.length(6);
  });

  it('shows when the age of a backup ends what alone keeps it', async () => {
    const made = await line({ keepDays: 7, keepLast: 1 }, 2);
    await apply(made);
    expect((await row(made.backups[0]))['expires_at']).to.deep.equal(new Date(noon + 7 * day));
    expect((await row(made.backups[1]))['expires_at']).to.equal(null);
    await change(made, {});
    await apply(made);
    expect((await row(made.backups[0]))['expires_at'], 'without a policy').to.equal(null);
  });

  it('is applied soon after a good backup or a change of the schedule, and else after a while', async () => {
    const made = await line({ keepLast: 1 }, 2);
    expect(markedOf(await apply(made, never))).to.deep.equal(idsOf([made.backups[0]]));
    expect(await apply(made, never), 'nothing new').to.equal(undefined);
    await add(made, false);
    expect(await apply(made, never), 'a failure').to.equal(undefined);
    await add(made);
    expect(markedOf(await apply(made, never))).to.deep.equal(idsOf([made.backups[1]]));
    await change(made, { keepLast: 5 });
    expect(await apply(made, never)).to.not.equal(undefined);
    expect(await apply(made, never)).to.equal(undefined);
    await world.sql(
      `update holdfast.schedules set retention_checked_at = now() - interval '301 seconds' where id = $1`,
      [made.schedule.id],
    );
    expect(await apply(made, 300)).to.not.equal(undefined);
    expect(await apply(made, 300)).to.equal(undefined);
  });

  it('is applied once by two schedulers at the same moment', async () => {
    const lines = [await line({ keepLast: 1 }, 2), await line({ keepLast: 1 }, 2), await line({ keepLast: 1 }, 2)];
    const both = await Promise.all([applyAll(never), applyAll(never, other)]);
    const ids = both.flat().map(({ scheduleId }) => scheduleId);
    for (const { schedule } of lines) expect(ids.filter((id) => id === schedule.id)).to.have.length(1);
  });

  it('takes back what it let go and keeps by now, until the removal has begun', async () => {
    const made = await line({ keepLast: 1 }, 4);
    const [first, second, third, fourth] = made.backups;
    await apply(made);
    await world.sql('update holdfast.backups set deletion_begun_at = now() where id = $1', [third?.id]);
    // Damage of the newest one, found later: of those before it the newest that is still whole is kept again.
    await world.backups.markDamaged(fourth?.id ?? '', { state: 'missing', detail: 'It is missing.' });
    expect((await apply(made))?.takenBack).to.deep.equal(idsOf([second]));
    expect(await row(second)).to.include({ deletion_requested_at: null, deletion_due_at: null, deletion_reason: null });
    await change(made, { keepLast: 3 });
    expect((await apply(made))?.takenBack).to.deep.equal(idsOf([first]));
    expect(await visible(made)).to.deep.equal(idsOf([first, second, fourth]));
    await change(made, { keepLast: 1 });
    await apply(made);
    await change(made, {});
    expect((await apply(made))?.takenBack, 'without a policy').to.deep.equal(idsOf([first]));
    expect(await apply(made), 'and then never again').to.equal(undefined);
  });

  it('has what it let go and took back in the audit log, with the rule', async () => {
    const made = await line({ keepLast: 1 }, 2);
    const [first] = made.backups;
    await apply(made);
    await change(made, { keepLast: 2 });
    await apply(made);
    const wanted = { before: null, action: null, objectId: first?.id ?? '', limit: 10 };
    const [back, gone] = await world.audit.list(world.account.id, wanted);
    expect(gone).to.deep.include({
      action: 'backup.delete',
      actor: { type: 'system', id: null, name: 'retention' },
      object: { type: 'backup', id: first?.id, name: first?.name },
    });
    expect(gone?.details)
      .to.match(/"reason":"[^"]+"/)
      .and.include(made.schedule.id);
    expect(back?.action).to.equal('backup.undelete');
    expect(await world.audit.verify(world.account.id)).to.include({ broken: null });
  });

  it('leaves to somebody else what somebody else deleted, and does not count it', async () => {
    const made = await line({ keepLast: 1 }, 3);
    const [first, second, third] = made.backups;
    await world.backups.requestDeletion(world.account.id, third?.id ?? '', { requestId: 'r', graceSeconds });
    const applied = await apply(made);
    expect(markedOf(applied)).to.deep.equal(idsOf([first]));
    expect(applied?.takenBack).to.deep.equal([]);
    expect(await visible(made)).to.deep.equal(idsOf([second]));
    expect(await row(third)).to.include({ deletion_reason: null, deletion_request_id: 'r' });
  });

  it('leaves alone what somebody took back', async () => {
    const made = await line({ keepLast: 1 }, 2);
    const [first] = made.backups;
    await apply(made);
    await world.backups.undelete(world.account.id, made.database.id, first?.id ?? '');
    expect(markedOf(await apply(made))).to.deep.equal([]);
    expect(await visible(made)).to.have.length(2);
  });

  it('sees a lock that comes between its plan and its marks', async () => {
    const made = await line({ keepLast: 1 }, 3);
    const [first, second] = made.backups;
    const lock = 'update holdfast.backups set locked_at = now() where id = $1';
    expect(markedOf(await meanwhile(lock, [first?.id], made, { waits: true }))).to.deep.equal(idsOf([second]));
    expect(await row(first)).to.include({ deletion_requested_at: null });
  });

  it('sees a restore that comes between its plan and its marks', async () => {
    const made = await line({ keepLast: 1 }, 3);
    const [first, second] = made.backups;
    const restore = `
      insert into holdfast.restores select (jsonb_populate_record(r, jsonb_build_object(
        'id', gen_random_uuid(), 'backup_id', $1::uuid, 'database_id', $2::uuid, 'target_key', gen_random_uuid(),
        'status', 'scheduled', 'error', null, 'completed_at', null))).*
      from holdfast.restores r limit 1`;
    const parameters = [first?.id, made.database.id];
    expect(markedOf(await meanwhile(restore, parameters, made, { waits: true }))).to.deep.equal(idsOf([second]));
    expect(await row(first)).to.include({ deletion_requested_at: null });
  });

  it('keeps the floor where a deletion of the newest good one comes between its plan and its marks', async () => {
    const made = await line({ keepLast: 1, minimum: 2 }, 3);
    const [first, second, third] = made.backups;
    const remove = `
      with held as (select from holdfast.databases where id = $2 for no key update)
      update holdfast.backups set deletion_requested_at = now(), deletion_due_at = now() from held where id = $1`;
    const applied = await meanwhile(remove, [third?.id, made.database.id], made, { waits: true });
    expect(markedOf(applied)).to.deep.equal([]);
    expect(await visible(made)).to.deep.equal(idsOf([first, second]));
  });

  it('loses no last good one to damage that comes between its plan and its marks', async () => {
    const made = await line({ keepLast: 1 }, 2);
    const [first, second] = made.backups;
    const damage = 'update holdfast.backups set damaged_at = now() where id = $1';
    const applied = await meanwhile(damage, [second?.id], made, { waits: false });
    expect(markedOf(applied)).to.deep.equal(idsOf([first]));
    await world.sql('update holdfast.backups set deletion_due_at = now() where id = $1', [first?.id]);
    expect(await world.backups.beginRemoval(first?.id ?? ''), 'when its time is over').to.equal('spared');
    expect(markedOf(await apply(made))).to.deep.equal([]);
    expect(await visible(made)).to.deep.equal(idsOf([first, second]));
  });

  it('leaves the last good one whatever two schedulers, users and the store write at once', async () => {
    for (let round = 0; round < 12; round += 1) {
      const made = await line({ keepLast: 1, daily: 1 }, 4);
      const [first, second, third, fourth] = made.backups;
      const [answer] = await Promise.all([
        other.backups.requestDeletion(world.account.id, third?.id ?? '', { requestId: undefined, graceSeconds }),
        applyAll(),
        applyAll(0, other),
        world.backups.setLocked(world.account.id, first?.id ?? '', true),
        other.backups.markDamaged(fourth?.id ?? '', { state: 'changed', detail: 'It is changed.' }),
      ]);
      await apply(made);
      expect(await row(first), `round ${round}`).to.satisfy(
        (found: Record<string, unknown>) => found['locked_at'] === null || found['deletion_requested_at'] === null,
      );
      const good = await world.sql<{ id: string }>(
        `select id from holdfast.backups where schedule_id = $1 and status = 'done' and damaged_at is null
           and deletion_requested_at is null order by created_at desc`,
        [made.schedule.id],
      );
      // Where the policy hid the third one before somebody could delete it, it came back.
      expect(good[0]?.id, `round ${round}`).to.equal((answer === null ? third : second)?.id);
    }
  });

  it('refuses a policy that it does not understand, and goes on with the others', async () => {
    const odd = await line({ keepLast: 1 }, 2);
    await world.sql(`update holdfast.schedules set retention = '{"keepLast": 1, "keepForever": 1}' where id = $1`, [
      odd.schedule.id,
    ]);
    const fine = await line({ keepLast: 1 }, 2);
    const problem = await applyAll().then(
      () => null,
      (error: unknown) => error as AggregateError,
    );
    expect(problem?.errors.map(String).join(' ')).to.contain('keepForever');
    expect(await visible(odd)).to.have.length(2);
    expect(await visible(fine)).to.have.length(1);
    expect(await applyAll(never), 'not at once again').to.deep.equal([]);
  });
});
