import { metricCatalogue, type Sample } from '@holdfast/shared/observability';
import { expect } from 'chai';
import { newSchedule, openWorld, type World } from '../testing/world.ts';

describe('the numbers of the rows', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
  });
  afterEach(() => world.drop());

  async function values(metric: string, most = 10): Promise<Record<string, number>> {
    const samples = (await world.metrics.read(most)).filter((sample) => sample.metric === metric);
    const key = (labels: Sample['labels']): string =>
      Object.keys(labels)
        .sort()
        .map((label) => labels[label])
        .join(' ');
    return Object.fromEntries(samples.map(({ labels, value }) => [key(labels), value]));
  }

  const labelsOf = ({ labels }: Sample): string[] => Object.keys(labels).sort();

  it('are those of the catalogue, with its labels', async () => {
    const database = await world.newDatabase();
    await world.schedules.create(world.account.id, newSchedule(database.id));
    const { id } = await world.doneBackup(database);
    await world.sql(`update holdfast.backups set verified_level = 'readable', verified_at = now() where id = $1`, [id]);
    const samples = await world.metrics.read(10);
    for (const sample of samples) {
      const labels = metricCatalogue[sample.metric]?.labels ?? [];
      expect(labelsOf(sample), sample.metric).to.deep.equal([...labels].sort());
      expect(sample.value, sample.metric).to.be.a('number').that.is.finite;
    }
    const series = samples.map(({ metric, labels }) => JSON.stringify([metric, labels]));
    expect(new Set(series).size).to.equal(series.length);
    const found = new Set(samples.map(({ metric }) => metric));
    for (const metric of [
      'protection',
      'rpo_seconds',
      'newest_good_backup_timestamp_seconds',
      'next_slot_timestamp_seconds',
    ]) {
      expect(found, metric).to.include(`holdfast_database_${metric}`);
    }
  });

  it('say how old the newest good backup is by when it began, and what was proven of any', async () => {
    const database = await world.newDatabase();
    const old = await world.doneBackup(database);
    await world.sql(
      `update holdfast.backups set created_at = to_timestamp(1000), started_at = to_timestamp(1000),
         verified_level = 'readable', verified_at = to_timestamp(5000) where id = $1`,
      [old.id],
    );
    await world.sql(`update holdfast.backup_attempts set started_at = to_timestamp(1000) where backup_id = $1`, [
      old.id,
    ]);
    const label = `${world.account.name} ${database.name} ${database.id}`;
    const ofDatabase = async (metric: string): Promise<number[]> => Object.values(await values(metric));
    expect(await ofDatabase('holdfast_database_newest_good_backup_timestamp_seconds'), label).to.deep.equal([1000]);
    expect(await ofDatabase('holdfast_database_verified_timestamp_seconds')).to.deep.equal([5000, 5000]);
    await world.sql(`update holdfast.backups set damaged_at = now() where id = $1`, [old.id]);
    expect(await ofDatabase('holdfast_database_newest_good_backup_timestamp_seconds')).to.deep.equal([]);
    expect(await values('holdfast_backups_damaged')).to.deep.equal({ [world.account.name]: 1 });
  });

  it('say what is due and for how long, and what should be gone and is not', async () => {
    const waiting = await world.newBackup();
    await world.sql(`update holdfast.backups set run_after = now() - interval '100 seconds' where id = $1`, [
      waiting.id,
    ]);
    expect(await values('holdfast_work_due')).to.include({ backup: 1, restore: 0 });
    expect((await values('holdfast_work_oldest_due_age_seconds'))['backup']).to.be.within(100, 160);
    const { id } = await world.doneBackup(await world.newDatabase());
    await world.sql(
      `update holdfast.backups set deletion_requested_at = now() - interval '2 hours', deletion_due_at = now() - interval '1 hour'
       where id = $1`,
      [id],
    );
    expect(await values('holdfast_deletions_overdue')).to.deep.equal({ '': 1 });
    expect((await values('holdfast_deletion_oldest_overdue_age_seconds'))['']).to.be.within(3600, 3660);
  });

  it('have no series of single databases where there are more than an operator allows, and say of how many', async () => {
    for (let n = 0; n < 3; n += 1) await world.doneBackup(await world.newDatabase());
    const perDatabase = async (most: number): Promise<Sample[]> =>
      (await world.metrics.read(most)).filter(({ labels }) => 'database' in labels);
    expect(await perDatabase(3)).not.to.have.length(0);
    expect(await values('holdfast_metrics_databases_omitted', 3)).to.deep.equal({ '': 0 });
    expect(await perDatabase(2)).to.have.length(0);
    expect(await values('holdfast_metrics_databases_omitted', 2)).to.deep.equal({ '': 3 });
    expect(await values('holdfast_databases', 2)).to.include({ [`${world.account.name} unknown`]: 3 });
  });
});
