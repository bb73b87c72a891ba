import { expect } from 'chai';
import type { Backup, Restore } from '@holdfast/shared/domain';
import type { NewRestore } from './index.ts';
import { failure, lease, openWorld, progress, unusedName, type World } from './testing/world.ts';

describe('restores', () => {
  let world: World;
  let backup: Backup;
  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    backup = await world.doneBackup();
  });
  after(() => world.drop());

  const wanted = (change: Partial<NewRestore> = {}): NewRestore => ({
    backupId: backup.id,
    databaseId: backup.databaseId,
    target: { mode: 'in_place' },
    ownership: 'skip',
    fileIds: null,
    requestId: 'r-2',
    maxFailures: 1,
    ...change,
  });
  const create = async (change: Partial<NewRestore> = {}): Promise<Restore> => {
    const restore = await world.restores.create(wanted(change));
    if (restore === 'busy' || !restore) throw new Error('The test restore was not created.');
    return restore;
  };

  it('are a row that reads back as it was answered, to their account alone', async () => {
    const [file] = await world.backups.files(backup.id);
    const restore = await create({ target: { mode: 'new_database', database: 'copy' }, fileIds: [file?.id ?? ''] });
    expect(await world.restores.find(restore.id)).to.deep.equal(restore);
    expect(await world.restores.findOwned(world.account.id, restore.id)).to.deep.equal(restore);
    expect(await world.restores.findOwned(world.account.id + 1, restore.id)).to.equal(null);
  });

  it('onto the same target wait for nobody: the second is busy until the first has ended', async () => {
    const other = await world.another();
    const both = await Promise.all([world, other].map(({ restores }) => restores.create(wanted())));
    expect(both.filter((one) => one === 'busy')).to.have.length(1);
    const elsewhere = await create({ target: { mode: 'new_database', database: 'copy' } });
    expect(elsewhere.status).to.equal('scheduled');
    const first = both.find((one) => one !== 'busy');
    await world.restores.claim(first?.id ?? '', lease);
    expect(await world.restores.create(wanted())).to.equal('busy');
    expect(await world.restores.settle(first?.id ?? '', 1, 'The database holds the content of the backup.')).to.equal(
      true,
    );
    expect((await create()).status).to.equal('scheduled');
  });

  it('need a backup and a database of one account', async () => {
    const stranger = await world.accounts.create(unusedName());
    const destination = { label: 'x', type: 'local', settings: { path: '' } } as const;
    const theirs = await world.databases.create(stranger.id, {
      ...(await world.newDatabase()),
      destinationId: (await world.destinations.create(stranger.id, destination)).id,
    });
    const databaseId = theirs === 'name_taken' ? '' : theirs.id;
    expect(await world.restores.create(wanted({ databaseId }))).to.equal(null);
    expect(await world.restores.create(wanted({ backupId: backup.databaseId }))).to.equal(null);
    expect(await world.restores.create(wanted({ backupId: 'x' }))).to.equal(null);
  });

  it('refuse to settle a stale attempt', async () => {
    const { id } = await create({ maxFailures: 2 });
    await world.restores.claim(id, lease);
    await world.restores.fail(id, 1, failure);
    await world.restores.claim(id, lease);
    expect(await world.restores.settle(id, 1, 'late')).to.equal(false);
    expect(await world.restores.heartbeat(id, 1, lease, progress)).to.equal('lost');
    expect(await world.restores.settle(id, 2, 'restored')).to.equal(true);
    expect(await world.restores.find(id)).to.deep.include({ status: 'done', outcome: 'restored', error: null });
  });

  it('keep what an attempt had brought back when it fails, and take no word of a stale one', async () => {
    const { id } = await create({ maxFailures: 2 });
    await world.restores.claim(id, lease);
    await world.restores.notePart(id, 1, 'The roles are there.');
    await world.restores.fail(id, 1, failure);
    await world.restores.notePart(id, 1, 'late');
    expect(await world.restores.find(id)).to.include({ status: 'scheduled', outcome: 'The roles are there.' });
    await world.restores.claim(id, lease);
    await world.restores.notePart(id, 1, 'late');
    await world.restores.fail(id, 2, failure);
    expect(await world.restores.find(id)).to.include({ status: 'error', outcome: 'The roles are there.' });
  });

  it('are rung when they are due and taken back when their worker is gone', async () => {
    const { id } = await create();
    expect(await world.restores.takeDue(100, 30)).to.deep.include({ id, attempt: 1, refusals: 0, requestId: 'r-2' });
    await world.restores.claim(id, lease);
    await world.sql(`update holdfast.restores set lease_until = now() - interval '1 second' where id = $1`, [id]);
    expect(await world.restores.reapExpired(100, 0)).to.deep.equal([{ id, attempt: 1, status: 'error' }]);
  });
});
