import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { register, storedAttempts, useHoldfast } from './support/system.ts';

interface Row {
  id: string;
  status: string;
  marked: boolean;
  deleted: boolean;
  reason: string | null;
}

describe('retention', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  before(async () => {
    s3 = await startS3();
  });
  after(() => s3?.stop());
  const holdfast = useHoldfast(() => ({
    schedulers: 2,
    env: {
      HOLDFAST_DELETION_GRACE_SECONDS: '1',
      HOLDFAST_RETENTION_SECONDS: '1',
      HOLDFAST_DELETE_AGAIN_SECONDS: '1',
      HOLDFAST_MAX_FAILURES: '1',
    },
  }));

  const rowsOf = async (schedule: string): Promise<Row[]> =>
    (await holdfast().database.query(
      `select id, status, deletion_requested_at is not null as marked, deleted_at is not null as deleted,
         deletion_reason as reason
       from holdfast.backups where schedule_id = '${schedule}' order by created_at desc`,
    )) as unknown as Row[];
  const isStored = (id: string): boolean =>
    Object.keys(
      storedAttempts(
        s3.objects().map(({ key }) => key),
        id,
      ),
    ).length > 0;

  it('removes old backups of a schedule with their objects, never a locked one nor the last good one', async () => {
    const { client } = holdfast();
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await s3Destination(holdfast(), s3));
    const manual = await client.backup(databaseId);
    await client.waitFor(manual.id, ['done'], 30);
    const path = `/api/databases/${databaseId}/schedules`;
    const { schedule } = await client.expect<{ schedule: { id: string } }>(201, 'POST', path, {
      cron: '* * * * * *',
      retention: { keep_last: 2 },
    });
    const good = async (): Promise<string[]> =>
      (await rowsOf(schedule.id)).filter(({ status, marked }) => status === 'done' && !marked).map(({ id }) => id);

    const locked = await until('a backup to lock', 30, async () => {
      const [newest] = await good();
      if (newest === undefined) return null;
      const { status } = await client.request('PATCH', `/v1/backups/${newest}`, { locked: true });
      return status === 200 ? newest : null;
    });
    const gone = await until('three backups to be gone', 60, async () => {
      const rows = (await rowsOf(schedule.id)).filter(({ deleted }) => deleted);
      return rows.length >= 3 ? rows : null;
    });
    for (const { id, reason } of gone)
      expect([isStored(id), reason]).to.deep.equal([false, 'No rule keeps it: the last 2.']);

    await source.drop();
    await until('three failures in a row', 60, async () =>
      (await rowsOf(schedule.id)).slice(0, 3).every(({ status }) => status === 'error'),
    );
    await client.expect(200, 'PATCH', `${path}/${schedule.id}`, { enabled: false, retention: { keep_last: 1 } });
    const lastGood = (await rowsOf(schedule.id)).find(({ status }) => status === 'done')?.id ?? '';
    await until('all others to be gone', 60, async () =>
      (await rowsOf(schedule.id)).every(
        ({ id, status, deleted }) => deleted || status === 'error' || id === locked || id === lastGood,
      ),
    );
    expect(await good()).to.have.members([...new Set([locked, lastGood])]);
    for (const id of [locked, lastGood, manual.id]) {
      expect(isStored(id), id).to.equal(true);
      expect(await client.findBackup(id)).to.include({ status: 'done' });
    }
  });
});
