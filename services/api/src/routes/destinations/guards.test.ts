import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/backup-destinations';

describe('locks and deletion keys of destinations', () => {
  let api: TestApi;
  let ada: Tenant;
  let s3: TestS3;
  before(async () => {
    s3 = await startS3({ objectLock: true });
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    ada = await api.tenant('ada');
  });
  after(async () => {
    await api.stop();
    await s3.stop();
  });

  const bucket = (change: object = {}) => ({
    label: 'Locked',
    type: 'custom_s3',
    s3_access_key: s3.accessKey,
    s3_secret_key: s3.secretKey,
    s3_bucket_name: s3.bucket,
    custom_s3_endpoint: s3.endpoint,
    path_style_endpoint: true,
    ...change,
  });
  const ask = async (method: string, at: string, body?: unknown) => {
    const { status, json } = await api.request(method, `${path}${at}`, { token: ada.token, body });
    return { status, data: json['data'] as Record<string, unknown>, errors: Object.keys(json['errors'] ?? {}) };
  };
  const pair = { deletion_access_key: 'other', deletion_secret_key: 'other-secret' };
  const lock = { mode: 'compliance', days: 30 };

  it('are shown without the keys, changed by themselves, and taken away', async () => {
    const { data } = await ask('POST', '', bucket({ ...pair, object_lock: lock }));
    expect(data).to.deep.include({ object_lock: lock, has_deletion_keys: true, capabilities: null });
    const at = `/${String(data['id'])}`;
    const longer = { mode: 'governance', days: 90 };
    expect((await ask('PUT', at, { object_lock: longer })).data).to.deep.include({
      object_lock: longer,
      has_deletion_keys: true,
    });
    const none = { object_lock: null, deletion_access_key: null, deletion_secret_key: null };
    expect((await ask('PUT', at, none)).data).to.deep.include({ object_lock: null, has_deletion_keys: false });
  });

  it('are refused where one of the pair is missing, or the lock is none', async () => {
    const created = async (change: object) => {
      const { status, errors } = await ask('POST', '', bucket(change));
      return [status, errors];
    };
    expect(await created({ deletion_access_key: 'a' })).to.deep.equal([422, ['deletion_secret_key']]);
    expect(await created({ deletion_secret_key: 's' })).to.deep.equal([422, ['deletion_access_key']]);
    for (const wrong of [{ mode: 'x', days: 1 }, { mode: 'governance' }, { ...lock, days: 0 }, { ...lock, more: 1 }]) {
      expect((await created({ object_lock: wrong }))[0], JSON.stringify(wrong)).to.equal(422);
    }
    const { data } = await ask('POST', '', bucket(pair));
    const half = await ask('PUT', `/${String(data['id'])}`, { deletion_secret_key: null });
    expect([half.status, half.errors]).to.deep.equal([422, ['deletion_secret_key']]);
  });

  it('are tried, and what the place can do is noted until the destination is changed', async () => {
    const { data } = await ask('POST', '', bucket({ object_lock: lock }));
    const at = `/${String(data['id'])}`;
    expect((await ask('POST', `${at}/test`)).data).to.deep.equal({ ok: true, problems: [] });
    const capabilities = { versioning: true, object_lock: true, writer_may_delete: true };
    expect((await ask('GET', at)).data).to.deep.include({ capabilities });
    expect(s3.versions()).to.deep.equal([]);
    expect((await ask('PUT', at, pair)).data).to.deep.include({ capabilities: null });
    const refused = (await ask('POST', `${at}/test`)).data;
    expect(refused['ok']).to.equal(false);
    expect(String(refused['problems'])).to.include('refused the deletion access key');
  });
});
