import { expect } from 'chai';
import { HoldfastError, Secret, type Database } from '@holdfast/shared/domain';
import { only } from './only.ts';
import { failure, lease, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';

describe('databases', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const registered = async (password: string | null): Promise<Database> => {
    const database = await world.databases.create(world.account.id, {
      ...(await world.newDatabase()),
      name: unusedName(),
      password: password === null ? null : new Secret(password),
    });
    if (database === 'name_taken') throw new Error('The name of the test database is taken.');
    return database;
  };
  const sealed = async (id: string): Promise<string> => {
    const rows = await world.sql<{ password: string }>('select password from holdfast.databases where id = $1', [id]);
    return only(rows).password;
  };

  it('keep their password sealed, and only for their own row', async () => {
    const database = await registered('hunter2-ünïcode');
    expect(database.password?.reveal()).to.equal('hunter2-ünïcode');
    const rows = JSON.stringify(await world.sql('select * from holdfast.databases'));
    expect(rows).to.contain(database.id).and.not.contain('hunter2');
    expect(world.box.open(await sealed(database.id), `databases.${database.id}.password`).reveal()).to.contain(
      'hunter2',
    );

    const thief = await registered('mine');
    await world.sql('update holdfast.databases set password = $1 where id = $2', [await sealed(database.id), thief.id]);
    const stolen = (await world.databases.find(thief.id))?.password;
    expect(() => stolen?.reveal()).to.throw('No configured key opens the password');
    await world.sql('update holdfast.databases set password = null where id = $1', [thief.id]);
  });

  it('cannot be stored with a password that is not sealed', async () => {
    const { id } = await registered(null);
    const storing = world.sql(`update holdfast.databases set password = 'hunter2' where id = $1`, [id]);
    expect(await storing.catch((error: Error) => error.message)).to.contain('databases_password_check');
  });

  it('change what is asked, seal a new password, and keep the rest', async () => {
    const database = await registered('old');
    const change = { host: 'db2.example.com', options: { sslmode: 'verify-full' } as const };
    const changed = await world.databases.update(world.account.id, database.id, change);
    expect(changed).to.deep.include(change);
    expect((changed as Database).password?.reveal()).to.equal('old');
    const password = new Secret('new');
    // An id may come in capitals; the password has to open all the same.
    await world.databases.update(world.account.id, database.id.toUpperCase(), { password });
    expect((await world.databases.find(database.id))?.password?.reveal()).to.equal('new');
    expect(await world.databases.update(world.account.id, database.id, { password: null })).to.deep.include({
      password: null,
    });
    expect(await world.databases.update(world.account.id + 1, database.id, { host: 'x' })).to.equal(null);
  });

  it('have a name of their own in the account', async () => {
    const first = await registered(null);
    const second = await registered(null);
    expect(await world.databases.create(world.account.id, { ...second, name: first.name })).to.equal('name_taken');
    expect(await world.databases.update(world.account.id, second.id, { name: first.name })).to.equal('name_taken');
  });

  it('are found by id and by name, by their account alone', async () => {
    const database = await registered('secret');
    for (const key of [database.id, database.name]) {
      expect((await world.databases.findOwned(world.account.id, key))?.id).to.equal(database.id);
      expect(await world.databases.findOwned(world.account.id + 1, key)).to.equal(null);
    }
    expect(await world.databases.findOwned(world.account.id, 'a\0b')).to.equal(null);
    expect((await world.databases.list(world.account.id))[0]?.id).to.equal(database.id);
    expect(await world.databases.list(world.account.id + 1)).to.deep.equal([]);
  });

  it('cannot use a destination of another account', async () => {
    const stranger = await world.accounts.create(unusedName());
    const { id: destinationId } = await world.destinations.create(stranger.id, {
      label: 'x',
      type: 'local',
      settings: { path: '' },
    });
    const database = await registered(null);
    const creating = world.databases.create(world.account.id, { ...database, name: unusedName(), destinationId });
    expect(await creating.catch((error: unknown) => error)).to.be.instanceOf(HoldfastError);
    const updating = world.databases.update(world.account.id, database.id, { destinationId });
    expect(await updating.catch((error: unknown) => error)).to.be.instanceOf(HoldfastError);
  });

  it('are not deleted while they have a backup, and take their schedules along when they are', async () => {
    const database = await registered('secret');
    await world.schedules.create(world.account.id, newSchedule(database.id));
    const backup = await world.newBackup(database);
    await world.backups.requestCancel(backup.id);
    expect(await world.databases.delete(world.account.id, database.id)).to.equal(1);
    expect(await world.databases.find(database.id)).to.include({ id: database.id });
    await world.sql('delete from holdfast.backups where id = $1', [backup.id]);
    expect(await world.databases.delete(world.account.id + 1, database.id)).to.equal(null);
    expect(await world.databases.delete(world.account.id, database.id)).to.equal(0);
    expect(await world.databases.delete(world.account.id, database.id)).to.equal(null);
    expect(await world.schedules.list(database.id)).to.deep.equal([]);
  });

  it('are not deleted while a restore into them waits', async () => {
    const backup = await world.doneBackup();
    const target = await registered(null);
    const restore = await world.restores.create({
      backupId: backup.id,
      databaseId: target.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    });
    expect(await world.databases.delete(world.account.id, target.id)).to.equal(1);
    await world.restores.requestCancel(restore === 'busy' ? '' : (restore?.id ?? ''));
    expect(await world.databases.delete(world.account.id, target.id)).to.equal(0);
  });

  it('take the records of ended restores into them along, attempts and all, also of backups that stay', async () => {
    const backup = await world.doneBackup();
    const target = await registered(null);
    const restore = await world.restores.create({
      backupId: backup.id,
      databaseId: target.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    });
    const id = restore === 'busy' ? '' : (restore?.id ?? '');
    await world.restores.claim(id, lease);
    await world.restores.fail(id, 1, failure);
    expect(await world.databases.delete(world.account.id, target.id)).to.equal(0);
    expect(await world.restores.find(id)).to.equal(null);
    expect(await world.backups.find(backup.id)).to.include({ status: 'done' });
  });
});
