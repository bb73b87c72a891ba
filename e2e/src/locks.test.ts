import { startS3, type TestS3, type TestUser } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { register, useHoldfast } from './support/system.ts';

const dayMs = 24 * 3_600_000;
const user = (accessKey: string, actions: readonly string[]): TestUser => ({
  accessKey,
  secretKey: `${accessKey}-secret`,
  policy: { Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] },
});
const writer = user('writer', [
  's3:List*',
  's3:Get*',
  's3:PutObject',
  's3:PutObjectRetention',
  's3:ListMultipartUploadParts',
]);
const deleter = user('deleter', ['s3:Delete*', 's3:AbortMultipartUpload', 's3:ListBucketVersions', 's3:GetBucket*']);

interface Deletion {
  id: string;
  state: string;
  due_at: string;
  failures: number;
}

describe('a bucket that locks, and keys that cannot delete', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  before(async () => {
    s3 = await startS3({ objectLock: true, users: [writer, deleter] });
  });
  after(() => s3?.stop());
  const holdfast = useHoldfast(() => ({
    env: { HOLDFAST_DELETE_AGAIN_SECONDS: '1', HOLDFAST_DELETION_GRACE_SECONDS: '0' },
  }));

  const versionsOf = (id: string) => s3.versions().filter(({ key }) => key.includes(id));

  it('keep a backup until its lock ends, whoever wants it gone, and then leave nothing of it', async () => {
    const { client, database } = holdfast();
    const destinationId = await s3Destination(
      holdfast(),
      { ...s3, ...writer },
      {
        deletion_access_key: deleter.accessKey,
        deletion_secret_key: deleter.secretKey,
        object_lock: { mode: 'compliance', days: 1 },
      },
    );
    const at = `/api/backup-destinations/${destinationId}`;
    expect(await client.expect(200, 'POST', `${at}/test`)).to.deep.equal({ data: { ok: true, problems: [] } });
    const { data } = await client.expect<{ data: object }>(200, 'GET', at);
    expect(data).to.deep.include({
      has_deletion_keys: true,
      capabilities: { versioning: true, object_lock: true, writer_may_delete: false },
    });
    expect(s3.versions()).to.deep.equal([]);

    const databaseId = await register(holdfast(), await sourceDatabase(), destinationId);
    const begun = Date.now();
    const [gone, kept] = [await client.backup(databaseId), await client.backup(databaseId)];
    for (const { id } of [gone, kept]) await client.waitFor(id, ['done'], 30);
    const { object_locked_until: end } = (await client.findBackup(gone.id)) as unknown as {
      object_locked_until: string;
    };
    expect(Date.parse(end) - begun).to.be.within(dayMs, dayMs + 60_000);
    const stored = versionsOf(gone.id);
    expect(stored.length).to.be.at.least(2);
    for (const { lockedUntil } of stored) expect((lockedUntil?.getTime() ?? 0) - begun).to.be.at.least(dayMs - 1000);

    const path = `/api/databases/${databaseId}/backups/${gone.id}`;
    const refusal = await client.request<{ error: string }>('DELETE', path);
    expect([refusal.status, JSON.stringify(refusal.body)]).to.satisfy(
      ([status, text]: [number, string]) => status === 409 && text.includes(end),
    );

    // The service's clock runs ahead of the store's, so that the store is what refuses.
    await database.query(`update holdfast.backups set object_locked_until = now() where id = '${gone.id}'`);
    await client.expect(204, 'DELETE', path);
    const deletion = async (): Promise<Deletion | undefined> => {
      const list = `/api/databases/${databaseId}/deleted_backups`;
      const answer = await client.expect<{ deleted_backups: Deletion[] }>(200, 'GET', list);
      return answer.deleted_backups.find(({ id }) => id === gone.id);
    };
    await until('the removal to be put off', 20, async () => (await deletion())?.due_at === end);
    expect(await deletion()).to.include({ state: 'removing', failures: 0 });
    expect(versionsOf(gone.id)).to.deep.equal(stored);

    s3.advance(2 * dayMs);
    await database.query(`update holdfast.backups set deletion_due_at = now() where id = '${gone.id}'`);
    await until('the removal', 20, async () => (await deletion())?.state === 'deleted');
    expect(versionsOf(gone.id)).to.deep.equal([]);
    expect(versionsOf(kept.id).length).to.equal(stored.length);
    expect(await client.findBackup(kept.id)).to.include({ status: 'done' });
  });
});
