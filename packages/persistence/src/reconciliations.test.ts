import { expect } from 'chai';
import { openWorld, type World } from './testing/world.ts';

const none = { report: null, error: null };

describe('reconciliations', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());
  const begin = async (id: number): Promise<number> => {
    await world.reconciliations.request(id, 'r-1');
    return (await world.reconciliations.begin(id, 60)) ?? 0;
  };
  const leaseEnds = () => world.sql(`update holdfast.reconciliations set lease_until = now() - interval '1 second'`);

  it('hear nothing from a run whose lease went to another one', async () => {
    const { id } = world.destination;
    const { reconciliations } = world;
    const dead = await begin(id);
    await leaseEnds();
    const living = await begin(id);
    expect(living).to.equal(dead + 1);
    expect(await reconciliations.extend(id, dead, 60)).to.equal(false);
    expect(await reconciliations.end(id, dead, none, 60)).to.equal(false);
    await reconciliations.handBack(id, dead);
    expect(await reconciliations.begin(id, 60), 'while the living one runs').to.equal(null);
    expect(await reconciliations.extend(id, living, 60)).to.equal(true);
    expect(await reconciliations.end(id, living, none, 60)).to.equal(true);
  });

  it('give out for removal only what is known, was seen in this run, and was seen first that long ago', async () => {
    const { id } = world.destination;
    const { reconciliations } = world;
    const orphan = (key: string, known: boolean) => ({ kind: 'object', key, uploadId: '', size: 1, known }) as const;
    await reconciliations.recordOrphans(id, [orphan('of an earlier run', true)]);
    const run = await begin(id);
    await reconciliations.recordOrphans(id, [orphan('known', true), orphan('new', true), orphan('theirs', false)]);
    await world.sql(`update holdfast.orphans set first_seen_at = now() - interval '2 hours' where key <> 'new'`);
    const removable = async (graceSeconds: number, limit = 10) =>
      (await reconciliations.removableOrphans(id, run, graceSeconds, null, limit)).map(({ key }) => key);
    expect(await removable(3600)).to.deep.equal(['known']);
    expect(await removable(0)).to.deep.equal(['known', 'new']);
    const [first] = await reconciliations.removableOrphans(id, run, 0, null, 1);
    if (!first) throw new Error('There is none.');
    const next = await reconciliations.removableOrphans(id, run, 0, first, 10);
    expect(
      next.map(({ key }) => key),
      'after the first',
    ).to.deep.equal(['new']);
    await reconciliations.orphanRemoved(id, first);
    expect(await removable(3600)).to.deep.equal([]);
    await reconciliations.forgetOrphans(id, run);
    const left = (await reconciliations.orphans(id, 10)).map(({ key }) => key);
    expect(left).to.have.members(['known', 'new', 'theirs']);
    await reconciliations.end(id, run, none, 60);
  });

  it('never flag a backup whose objects are being removed', async () => {
    const damage = { state: 'missing', detail: 'The dump is missing.' } as const;
    const backup = await world.doneBackup();
    await world.backups.requestDeletion(world.account.id, backup.id, { graceSeconds: 0 });
    await world.backups.markDamaged(backup.id, damage);
    const found = (await world.backups.find(backup.id))?.damage;
    expect(found, 'as it can still be undeleted').to.deep.equal({ ...damage, by: 'look' });
    await world.backups.clearDamage(backup.id);
    await world.backups.beginRemoval(backup.id);
    await world.backups.markDamaged(backup.id, damage);
    expect(await world.backups.find(backup.id)).to.include({ damagedAt: null, damage: null });
  });
});
