import { expect } from 'chai';
import type { Backup, Damage, Verdict, VerificationLevel } from '@holdfast/shared/domain';
import { crowdOf, type Crowd } from './testing/crowd.ts';
import { failure, lease, newSchedule, openWorld, type World } from './testing/world.ts';

const unfaithful: Damage = { state: 'unfaithful', detail: 'public.orders has 3 rows instead of 4.' };
const changed: Damage = { state: 'changed', detail: 'The digest of the dump is another one.' };

const cancelledError = { code: 'cancelled', message: 'Cancelled on request.' };

describe('verifications', () => {
  let world: World;
  let crowd: Crowd;
  let backup: Backup;
  before(async () => {
    world = await openWorld();
    crowd = crowdOf(world);
  });
  beforeEach(async () => {
    await crowd.clear();
    backup = await world.doneBackup();
  });
  after(async () => {
    await crowd.close();
    await world.drop();
  });

  const wanted = {
    scratchDatabaseId: null,
    cause: 'manual',
    level: 'readable',
    requestId: null,
    maxFailures: 3,
  } as const;

  /** A verification of the backup from its claim to its verdict. */
  async function verify(level: VerificationLevel, verdict: Partial<Verdict> = {}): Promise<Backup> {
    const { id } = await world.newVerification(backup, { level });
    await world.verifications.claim(id, lease);
    const full: Verdict = { reached: level, findings: [], damage: null, ...verdict };
    expect(await world.verifications.settle(id, 1, full)).to.equal(true);
    const found = await world.backups.find(backup.id);
    if (!found) throw new Error('The backup is gone.');
    return found;
  }

  it('are a row that reads back as it was answered, to their account alone', async () => {
    const scratch = await world.newDatabase();
    const made = await world.newVerification(backup, { scratchDatabaseId: scratch.id, level: 'identical' });
    expect(made).to.include({ backupId: backup.id, databaseId: scratch.id, status: 'scheduled', reached: null });
    expect(await world.verifications.find(made.id)).to.deep.equal(made);
    expect(await world.verifications.findOwned(world.account.id, made.id)).to.deep.equal(made);
    expect(await world.verifications.findOwned(world.account.id + 1, made.id)).to.equal(null);
    expect(await world.verifications.listOfBackup(backup.id)).to.deep.equal([made]);
    expect(await world.verifications.listOfBackup('x')).to.deep.equal([]);
  });

  it('of one backup wait or run one at a time, and a repeated request finds what the first one made', async () => {
    const other = await world.another();
    const id = crypto.randomUUID();
    const both = await Promise.all(
      [world, other].map(({ verifications }) => verifications.create({ ...wanted, backupId: backup.id })),
    );
    expect(both.filter((one) => one === 'busy')).to.have.length(1);
    expect(await world.verifications.create({ ...wanted, backupId: backup.id, id })).to.equal('busy');
    const next = await world.doneBackup();
    const first = await world.verifications.create({ ...wanted, backupId: next.id, id });
    expect(await world.verifications.create({ ...wanted, backupId: next.id, id })).to.deep.equal(first);
  });

  it('need a whole backup that nobody deletes, and a database of its account', async () => {
    const create = (backupId: string, scratchDatabaseId: string | null = null) =>
      world.verifications.create({ ...wanted, backupId, scratchDatabaseId });
    expect(await create((await world.newBackup()).id)).to.equal('not_done');
    expect(await create(backup.databaseId)).to.equal(null);
    expect(await create('x')).to.equal(null);
    const stranger = await crowd.database(await crowd.member());
    expect(await create(backup.id, stranger.id)).to.equal(null);
    await world.backups.requestDeletion(world.account.id, backup.id, { graceSeconds: 3600 });
    expect(await create(backup.id)).to.equal(null);
  });

  it('say of a backup what is proven of it, and no verdict without damage lowers that', async () => {
    expect(backup).to.include({ verifiedLevel: 'stored', verifiedAt: null });
    const proven = await verify('identical');
    expect(proven).to.include({ verifiedLevel: 'identical', damagedAt: null });
    expect(proven.verifiedAt).to.be.a('date');
    expect(await verify('readable')).to.include({ verifiedLevel: 'identical' });
    const findings = [{ code: 'key_missing', message: 'No key\0 opens it.' }];
    expect(await verify('identical', { reached: 'stored', findings })).to.include({ verifiedLevel: 'identical' });
    const [last] = await world.verifications.listOfBackup(backup.id);
    expect(last).to.deep.include({
      status: 'done',
      reached: 'stored',
      findings: [{ code: 'key_missing', message: 'No key opens it.' }],
    });
  });

  it('that find damage lower it, and it is over only where more is proven than was then', async () => {
    await verify('identical');
    const found = await verify('identical', { reached: 'restorable', damage: unfaithful });
    expect(found).to.deep.include({ verifiedLevel: 'restorable', damage: { ...unfaithful, by: 'verification' } });
    const again = await verify('readable');
    expect([again.verifiedLevel, again.damagedAt], 'what can be read may be another thing').to.deep.equal([
      'restorable',
      found.damagedAt,
    ]);
    expect(await verify('identical')).to.include({ verifiedLevel: 'identical', damage: null, damagedAt: null });
    expect(await verify('readable', { reached: null, damage: changed })).to.include({ verifiedLevel: null });
    expect(await verify('readable')).to.include({ verifiedLevel: 'readable', damagedAt: null });
  });

  it('alone take back what a verification found, while a look takes back what a look found', async () => {
    await world.backups.markDamaged(backup.id, { state: 'missing', detail: 'It is missing.' });
    expect(await world.backups.find(backup.id)).to.include({ verifiedLevel: null });
    await world.backups.clearDamage(backup.id);
    expect(await world.backups.find(backup.id)).to.include({ verifiedLevel: null, damagedAt: null });
    const found = await verify('readable', { reached: null, damage: changed });
    await world.backups.markDamaged(backup.id, { state: 'missing', detail: 'It is missing.' });
    await world.backups.clearDamage(backup.id);
    expect(await world.backups.find(backup.id)).to.deep.equal(found);
    await world.backups.clearDamage((await world.newBackup()).id);
  });

  it('record nothing of a stale attempt, neither on the row nor on the backup', async () => {
    const { id } = await world.newVerification(backup);
    await world.verifications.claim(id, lease);
    await world.verifications.fail(id, 1, failure);
    await world.verifications.claim(id, lease);
    expect(await world.verifications.settle(id, 1, { reached: null, findings: [], damage: changed })).to.equal(false);
    expect(await world.backups.find(backup.id)).to.deep.equal(backup);
    expect(await world.verifications.settle(id, 2, { reached: 'readable', findings: [], damage: null })).to.equal(true);
  });

  describe('and the deletion of their backup', () => {
    const remove = (id = backup.id) => world.backups.requestDeletion(world.account.id, id, { graceSeconds: 0 });

    it('exclude each other while one runs; one that waits is cancelled', async () => {
      const { id } = await world.newVerification(backup);
      await world.verifications.claim(id, lease);
      expect(await remove()).to.equal('being_verified');
      await world.verifications.handBack(id, 1);
      expect(await remove()).to.equal('requested');
      expect(await world.verifications.find(id)).to.deep.include({ status: 'error', error: cancelledError });
      expect(await world.verifications.claim(id, lease)).to.equal(null);
    });

    it('decide a race with a claim in favour of one of them', async () => {
      const outcomes = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        const { id: backupId } = await world.doneBackup();
        const { id } = await world.newVerification({ ...backup, id: backupId });
        const [answer, claimed] = await Promise.all([remove(backupId), world.verifications.claim(id, lease)]);
        outcomes.add(`${answer} ${claimed === null ? 'refused' : 'claimed'}`);
      }
      expect(['requested refused', 'being_verified claimed']).to.include.members([...outcomes]);
    });

    it('wait for each other where a claim is in the middle of its transaction', async () => {
      const { id } = await world.newVerification(backup);
      const claim = `update holdfast.verifications set status = 'pending', attempt = 1, lease_owner = 'w',
        lease_until = now() + interval '1 minute' where id = $1`;
      let answer: Promise<unknown> = Promise.resolve();
      await world.whileOpen(claim, [id], async () => {
        answer = remove();
        await world.waitsForLock();
      });
      expect(await answer).to.equal('being_verified');
    });

    it('let no removal of objects begin under one that runs', async () => {
      const { id } = await world.newVerification(backup);
      await world.sql(
        `update holdfast.backups set deletion_requested_at = now(), deletion_due_at = now() where id = $1`,
        [backup.id],
      );
      expect(await world.backups.beginRemoval(backup.id)).to.equal(null);
      await world.verifications.requestCancel(id);
      expect(await world.backups.beginRemoval(backup.id)).to.equal('begun');
    });

    it('with a whole destination wait for those that run and cancel those that wait', async () => {
      const member = await crowd.member();
      const { backupId } = await crowd.restore(await crowd.database(member));
      await crowd.clear();
      await world.sql('delete from holdfast.restores');
      await world.sql('update holdfast.databases set destination_id = $1 where destination_id = $2', [
        (await world.destinations.create(member.account.id, { label: 'x', type: 'local', settings: { path: 'x' } })).id,
        member.destination.id,
      ]);
      const { id } = await world.newVerification({ ...backup, id: backupId });
      await world.verifications.claim(id, lease);
      const ask = () => world.destinations.requestDeletion(member.account.id, member.destination.id);
      expect(await ask()).to.deep.include({ busyBackups: 1 });
      await world.verifications.handBack(id, 1);
      expect(await ask()).to.deep.include({ busyBackups: 0 });
      expect(await world.verifications.find(id)).to.deep.include({ status: 'error', error: cancelledError });
    });
  });

  describe('and room', () => {
    const restorable = { level: 'restorable' } as const;

    it('yield to restores and backups that wait for the same server', async () => {
      const member = await crowd.member();
      const { backups, restores, verifications } = await crowd.limited({ server: 1 });
      const [first, second, third] = await Promise.all(
        Array.from({ length: 3 }, () => crowd.database(member, 'shared.example.com')),
      );
      if (!first || !second || !third) throw new Error('Three databases were asked for.');
      const restore = await crowd.restore(first);
      const waiting = await crowd.backup(second);
      const { id } = await world.newVerification({ ...backup, id: restore.backupId }, restorable);
      const tries = async (): Promise<boolean> => (await verifications.claim(id, lease)) !== null;
      expect(await tries(), 'before both').to.equal(false);
      expect(await verifications.takeDue(4, 3600)).to.deep.equal([]);
      await restores.claim(restore.id, lease);
      await restores.settle(restore.id, 1, 'restored');
      expect(await tries(), 'before the backup').to.equal(false);
      await backups.claim(waiting.id, lease);
      await backups.fail(waiting.id, 1, { ...failure, retryable: false });
      expect(await tries()).to.equal(true);
      expect(await backups.claim((await crowd.backup(third)).id, lease), 'beside it').to.equal(null);
    });

    it('take none of a server where nothing is restored, and all of them count for their account', async () => {
      const member = await crowd.member();
      const database = await crowd.database(member, 'read.example.com');
      const { backups, verifications } = await crowd.limited({ server: 1, account: 2 });
      const ids = [];
      for (let n = 0; n < 3; n += 1) {
        const { id, backupId } = await crowd.restore(database);
        await world.restores.requestCancel(id);
        ids.push((await world.newVerification({ ...backup, id: backupId })).id);
      }
      const due = await verifications.takeDue(4, 3600);
      expect(due.map(({ id }) => id)).to.deep.equal(ids.slice(0, 2));
      const claims = await Promise.all(ids.map((id) => verifications.claim(id, lease)));
      expect(claims.filter((claim) => claim !== null)).to.have.length(2);
      const elsewhere = await crowd.database(await crowd.member(), 'read.example.com');
      expect(await backups.claim((await crowd.backup(elsewhere)).id, lease)).to.not.equal(null);
    });

    it('is given to what somebody asked for, then to what policies ask for, then to looking again', async () => {
      const ids: string[] = [];
      for (const cause of ['recheck', 'policy', 'manual'] as const) {
        ids.unshift((await world.newVerification(await world.doneBackup(), { cause })).id);
      }
      expect((await world.verifications.takeDue(4, 3600)).map(({ id }) => id)).to.deep.equal(ids);
    });
  });

  describe('are swept', () => {
    const swept = async (): Promise<string[]> =>
      (await world.verifications.takeSweepable(1000, 0, 3600)).map(({ verificationId }) => verificationId);

    it('after they ended where they may have left a scratch database, until that is known to be gone', async () => {
      const { id } = await world.newVerification(backup, { level: 'restorable', maxFailures: 2 });
      await world.verifications.claim(id, lease);
      await world.verifications.fail(id, 1, failure);
      expect(await swept(), 'as it goes on').to.not.include(id);
      await world.verifications.claim(id, lease);
      await world.verifications.fail(id, 2, failure);
      expect(await swept()).to.include(id);
      expect(await swept(), 'rung for a moment ago').to.not.include(id);
      await world.verifications.markSwept(id);
      const left = `select from holdfast.verification_attempts where verification_id = $1 and swept_at is null`;
      expect(await world.sql(left, [id])).to.have.length(0);
    });

    it('without a look where they only read', async () => {
      const { id } = await world.newVerification(backup);
      await world.verifications.claim(id, lease);
      await world.verifications.fail(id, 1, { ...failure, retryable: false });
      expect(await swept()).to.not.include(id);
      const left = `select from holdfast.verification_attempts where verification_id = $1 and swept_at is null`;
      expect(await world.sql(left, [id])).to.have.length(0);
    });
  });

  it('keep their databases while they wait or run, and go with them and with their backups', async () => {
    const scratch = await world.newDatabase();
    const { id } = await world.newVerification(backup, { scratchDatabaseId: scratch.id, level: 'restorable' });
    const remove = (databaseId: string) => world.databases.delete(world.account.id, databaseId);
    expect(await remove(scratch.id)).to.equal(1);
    await world.verifications.claim(id, lease);
    await world.verifications.settle(id, 1, { reached: 'restorable', findings: [], damage: null });
    expect(await remove(scratch.id)).to.equal(0);
    expect(await world.verifications.find(id)).to.equal(null);
    await verify('readable');
    await world.backups.requestDeletion(world.account.id, backup.id, { graceSeconds: 0 });
    await world.backups.beginRemoval(backup.id);
    await world.backups.markDeleted(backup.id);
    expect(await remove(backup.databaseId)).to.equal(0);
    expect(await world.verifications.listOfBackup(backup.id)).to.deep.equal([]);
  });

  it('of a policy have their scratch database in the account of the schedule, which keeps it', async () => {
    const { account, schedules, databases } = world;
    const [database, scratch] = [await world.newDatabase(), await world.newDatabase()];
    const policy = (scratchDatabaseId: string | null) =>
      ({ level: 'restorable', every: 1, scratchDatabaseId }) as const;
    const stranger = await crowd.database(await crowd.member());
    const create = (verification: ReturnType<typeof policy>) =>
      schedules.create(account.id, { ...newSchedule(database.id), verification });
    expect(await create(policy(stranger.id)).catch(String)).to.contain('does not exist in this account');
    const made = await create(policy(scratch.id));
    expect(made?.verification).to.deep.equal(policy(scratch.id));
    expect(await databases.delete(account.id, scratch.id)).to.equal(1);
    const changedPolicy = (verification: ReturnType<typeof policy> | null) =>
      schedules.update(account.id, made?.id ?? '', { verification });
    expect(await changedPolicy(policy(stranger.id)).catch(String)).to.contain('does not exist in this account');
    expect((await changedPolicy(null))?.verification).to.equal(null);
    expect(await databases.delete(account.id, scratch.id)).to.equal(0);
    const rows = await world.sql('select from holdfast.schedules where id = $1 and verification is null', [made?.id]);
    expect(rows, 'no JSON null').to.have.length(1);
  });
});
