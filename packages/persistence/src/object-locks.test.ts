import { Secret, type StoreCapabilities } from '@holdfast/shared/domain';
import { expect } from 'chai';
import type { NewDestination } from './index.ts';
import { markExpired } from './deletion.ts';
import { connect } from './data-source.ts';
import { openWorld, type World } from './testing/world.ts';

const settings = {
  bucket: 'backups',
  region: null,
  endpoint: 'https://s3.example.com',
  pathStyle: true,
  prefix: '',
  maxParts: 10_000,
  objectLock: { mode: 'compliance', days: 30 },
} as const;
const guarded: NewDestination = {
  label: 'Guarded',
  type: 'custom_s3',
  settings,
  accessKey: new Secret('WRITES'),
  secretKey: new Secret('WRITES-secret'),
  deletionKeys: { accessKey: new Secret('DELETES'), secretKey: new Secret('DELETES-secret') },
};

describe('what stores guard themselves', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const lockFor = (id: string, until: string) =>
    world.sql(`update holdfast.backups set object_locked_until = ${until} where id = $1`, [id]);

  it('keeps the keys that delete sealed like the others, each for its own column', async () => {
    const { id } = await world.destinations.create(world.account.id, guarded);
    const found = await world.destinations.find(id);
    if (found?.type !== 'custom_s3') throw new Error('The test destination is not there.');
    expect(found.settings).to.deep.equal(settings);
    expect(found.deletionKeys?.accessKey.reveal()).to.equal('DELETES');
    expect(found.deletionKeys?.secretKey.reveal()).to.equal('DELETES-secret');
    expect(JSON.stringify(await world.sql('select * from holdfast.destinations'))).to.not.include('DELETES');
    await world.sql('update holdfast.destinations set deletion_access_key = access_key where id = $1', [id]);
    const moved = await world.destinations.find(id);
    expect(() => moved?.type === 'custom_s3' && moved.deletionKeys?.accessKey.reveal()).to.throw(
      'No configured key opens the access key',
    );
    const { deletionKeys: _none, ...plain } = guarded;
    const replaced = await world.destinations.replace(world.account.id, id, plain);
    expect(replaced).to.include({ deletionKeys: null });
  });

  it('remembers what a place can do until the destination is changed', async () => {
    const { id, capabilities } = await world.destinations.create(world.account.id, guarded);
    expect(capabilities).to.equal(null);
    const seen: StoreCapabilities = { versioning: true, objectLock: null, writerMayDelete: false };
    await world.destinations.setCapabilities(id, seen);
    expect((await world.destinations.find(id))?.capabilities).to.deep.equal(seen);
    expect((await world.destinations.replace(world.account.id, id, guarded))?.capabilities).to.equal(null);
  });

  it('lets no policy mark what the store has locked meanwhile, whatever was planned', async () => {
    const database = await world.newDatabase();
    const [locked, free] = [await world.doneBackup(database), await world.doneBackup(database)];
    await world.doneBackup(database);
    await lockFor(locked.id, `now() + interval '1 hour'`);
    const source = await connect(world.url, { poolSize: 1, statementSeconds: 30 });
    const expiries = [locked, free].map(({ id }) => ({ id, reason: 'No rule keeps it.' }));
    const marked = await source.transaction((manager) => markExpired(manager, database.id, expiries, 60));
    expect(marked).to.deep.equal([free.id]);
    await lockFor(locked.id, `now() - interval '1 second'`);
    const later = await source.transaction((manager) => markExpired(manager, database.id, expiries, 60));
    expect(later).to.deep.equal([locked.id]);
    await source.destroy();
  });

  it('refuses a deletion while the lock lasts, and a removal that was put off waits for it', async () => {
    const database = await world.newDatabase();
    const [backup] = [await world.doneBackup(database), await world.doneBackup(database)];
    const ask = () => world.backups.requestDeletion(world.account.id, backup.id, { graceSeconds: 0 });
    await lockFor(backup.id, `now() + interval '1 hour'`);
    expect(await ask()).to.equal('object_locked');
    await lockFor(backup.id, 'now()');
    expect(await ask()).to.equal('requested');
    expect(await world.backups.beginRemoval(backup.id)).to.equal('begun');
    await world.backups.deletionFailed(backup.id, { code: 'store_failed', message: 'It failed.' });
    const until = new Date(Date.now() + 3_600_000);
    await world.backups.postponeRemoval(backup.id, until);
    const [deletion] = await world.backups.deletionsOf(database.id, 1);
    expect(deletion).to.deep.include({ state: 'removing', failures: 0, error: null, dueAt: until });
    expect(deletion?.backup.objectLockedUntil).to.deep.equal(until);
    expect((await world.backups.takeDeletable(100, 0)).map(({ id }) => id)).to.not.include(backup.id);
    expect(await world.backups.beginRemoval(backup.id)).to.equal(null);
    // An earlier end that comes to be known later does not shorten what is known.
    await world.backups.postponeRemoval(backup.id, new Date());
    expect((await world.backups.find(backup.id))?.objectLockedUntil).to.deep.equal(until);
  });
});
