import { expect } from 'chai';
import { Secret, type Destination } from '@holdfast/shared/domain';
import type { NewDestination } from './index.ts';
import { newSchedule, openWorld, unusedName, type World } from './testing/world.ts';

const settings = {
  bucket: 'backups',
  region: null,
  endpoint: 'https://s3.example.com',
  pathStyle: true,
  prefix: 'holdfast/',
  maxParts: 10_000,
};
const s3 = (label: string): NewDestination => ({
  label,
  type: 'custom_s3',
  settings,
  accessKey: new Secret('AKIAEXAMPLE'),
  secretKey: new Secret('wJalrXUtnFEMI'),
});
const local = { label: 'Local', type: 'local', settings: { path: 'a' } } as const;

const keys = (destination: Destination | null): string[] =>
  destination && destination.type !== 'local' ? [destination.accessKey.reveal(), destination.secretKey.reveal()] : [];

describe('destinations', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  it('keep their keys sealed, and only for their own row and column', async () => {
    const first = await world.destinations.create(world.account.id, s3('first'));
    const second = await world.destinations.create(world.account.id, s3('second'));
    expect(first).to.deep.include({ accountId: world.account.id, label: 'first', type: 'custom_s3', settings });
    expect(keys(await world.destinations.find(first.id))).to.deep.equal(['AKIAEXAMPLE', 'wJalrXUtnFEMI']);
    const rows = JSON.stringify(await world.sql('select * from holdfast.destinations'));
    expect(rows).to.contain('backups').and.not.contain('AKIAEXAMPLE').and.not.contain('wJalrXUtnFEMI');
    const opens = () =>
      world.destinations
        .find(second.id)
        .then(keys)
        .catch((error: Error) => error.message);
    await world.sql('update holdfast.destinations set access_key = secret_key, secret_key = access_key where id = $1', [
      second.id,
    ]);
    expect(await opens()).to.contain('No configured key opens the access key');
    await world.sql(
      `update holdfast.destinations d set access_key = f.access_key, secret_key = f.secret_key
       from holdfast.destinations f where d.id = $1 and f.id = $2`,
      [second.id, first.id],
    );
    expect(await opens()).to.contain('No configured key opens the access key');
    await world.destinations.delete(world.account.id, second.id);
  });

  it('are replaced as a whole, keys too', async () => {
    const { id, createdAt } = await world.destinations.create(world.account.id, s3('before'));
    const replaced = await world.destinations.replace(world.account.id, id, local);
    expect(replaced)
      .to.deep.include({ id, createdAt, ...local })
      .and.not.have.property('accessKey');
    expect(keys(await world.destinations.replace(world.account.id, id, s3('after')))).to.have.length(2);
    expect(await world.destinations.replace(world.account.id + 1, id, local)).to.equal(null);
    expect(await world.destinations.findOwned(world.account.id, id)).to.deep.include({ label: 'after' });
  });

  it('are listed by pages, the newest first; the oldest is the default', async () => {
    const { id: account } = await world.accounts.create(unusedName());
    expect(await world.destinations.findDefault(account)).to.equal(null);
    for (const label of ['a', 'b', 'c']) await world.destinations.create(account, { ...local, label });
    const labels = async (page: number): Promise<[string[], number]> => {
      const { items, total } = await world.destinations.list(account, page, 2);
      return [items.map(({ label }) => label), total];
    };
    expect(await labels(1)).to.deep.equal([['c', 'b'], 3]);
    expect(await labels(2)).to.deep.equal([['a'], 3]);
    expect(await labels(3)).to.deep.equal([[], 3]);
    expect((await world.destinations.findDefault(account))?.label).to.equal('a');
  });

  it('are not deleted while a database, backup or schedule uses them', async () => {
    const { id: account } = world.account;
    const { id } = await world.destinations.create(account, local);
    const database = await world.newDatabase();
    const schedule = await world.schedules.create(account, { ...newSchedule(database.id), destinationId: id });
    const uses = { backups: 0, busyBackups: 0, databases: 0, schedules: 0, policies: 0 };
    expect(await world.destinations.delete(account, id)).to.deep.equal({ ...uses, schedules: 1 });
    await world.schedules.delete(account, schedule?.id ?? '');
    await world.databases.update(account, database.id, { destinationId: id });
    const backup = await world.newBackup(database);
    expect(backup.destinationId).to.equal(id);
    expect(await world.destinations.delete(account, id)).to.deep.equal({
      ...uses,
      backups: 1,
      busyBackups: 1,
      databases: 1,
    });
    await world.sql('delete from holdfast.backups where id = $1', [backup.id]);
    await world.databases.update(account, database.id, { destinationId: world.destination.id });
    expect(await world.destinations.delete(account + 1, id)).to.equal(null);
    expect(await world.destinations.delete(account, id)).to.deep.equal(uses);
    expect(await world.destinations.find(id)).to.equal(null);
  });

  it('by a number that is not one, are unknown rather than an error', async () => {
    expect(await world.destinations.find(2 ** 31)).to.equal(null);
    expect(await world.destinations.findOwned(world.account.id, 1.5)).to.equal(null);
    expect(await world.destinations.delete(world.account.id, Number.NaN)).to.equal(null);
  });
});
