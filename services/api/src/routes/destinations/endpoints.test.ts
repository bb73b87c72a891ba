import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/backup-destinations';
const custom = {
  label: 'Custom S3 Backup',
  type: 'custom_s3',
  s3_access_key: 'access-key',
  s3_secret_key: 'secret-key',
  s3_bucket_name: 'custom-backups',
};
const inside = [
  'http://127.0.0.1:9000',
  'http://127.0.0.1.:9000',
  'http://2130706433',
  'http://0x7f.1',
  'http://017700000001',
  'http://localhost',
  'http://localhost.:9000',
  'http://bucket.localhost',
  'http://10.0.0.1',
  'http://172.16.0.1',
  'http://192.168.1.1',
  'http://100.64.0.1',
  'http://169.254.169.254',
  'http://2852039166',
  'http://0.0.0.0',
  'http://224.0.0.1',
  'http://[::1]',
  'http://[::]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:a9fe:a9fe]',
  'http://[fe80::1]',
  'http://[fd12::1]',
  'http://[ff02::1]',
];

describe('endpoints of destinations', () => {
  let api: TestApi;
  let ada: Tenant;
  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const create = (fields: object, by = api, token = ada.token) =>
    by.request('POST', path, { token, body: { ...custom, ...fields } });

  for (const endpoint of inside) {
    it(`refuse ${endpoint} at once, on creation and on change, and keep nothing of it`, async () => {
      const count = async () => (await api.deps.persistence.destinations.list(ada.account.id, 1, 100)).total;
      const before = await count();
      for (const field of ['custom_s3_endpoint', 's3_endpoint']) {
        const { status, json } = await create({ [field]: endpoint });
        expect([status, Object.keys(json['errors'] ?? {})], field).to.deep.equal([422, [field]]);
      }
      expect(await count()).to.equal(before);
      const made = await create({ s3_endpoint: 'https://s3.invalid' });
      const { id } = made.json['data'] as { id: number };
      const changed = await api.request('PUT', `${path}/${id}`, { token: ada.token, body: { s3_endpoint: endpoint } });
      expect([changed.status, Object.keys(changed.json['errors'] ?? {})]).to.deep.equal([422, ['s3_endpoint']]);
      const kept = await api.deps.persistence.destinations.find(id);
      expect(kept).to.have.nested.property('settings.endpoint', 'https://s3.invalid');
      await api.deps.persistence.destinations.delete(ada.account.id, id);
    });
  }

  it('say what to do', async () => {
    const { json } = await create({ custom_s3_endpoint: 'http://10.0.0.1' });
    expect(json['message']).to.match(/^The endpoint 10\.0\.0\.1 is inside a private .*HOLDFAST_ALLOWED_NETWORKS\.$/);
  });

  it('whose name does not resolve now are accepted, and still guarded when something connects', async () => {
    const made = await create({ custom_s3_endpoint: 'https://not-yet.invalid' });
    expect(made.status, made.text).to.equal(201);
    const { id } = made.json['data'] as { id: number };
    // As if the name led inside now.
    await api.own.query(
      `update holdfast.destinations set settings = settings || '{"endpoint":"http://127.0.0.1:9"}' where id = ${id}`,
    );
    const { json } = await api.request('POST', `${path}/${id}/test`, { token: ada.token });
    expect(json).to.have.nested.property('data.ok', false);
    expect(JSON.stringify(json)).to.include('HOLDFAST_ALLOWED_NETWORKS');
  });

  it('inside are accepted where the operator allows their network, and only there', async () => {
    const open = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8,10.1.0.0/16' });
    const { token } = await open.tenant('ada');
    for (const endpoint of ['http://127.0.0.1:9000', 'http://localhost:9000', 'http://10.1.2.3']) {
      expect((await create({ s3_endpoint: endpoint }, open, token)).status, endpoint).to.equal(201);
    }
    for (const endpoint of ['http://10.2.0.1', 'http://169.254.169.254', 'http://[::1]']) {
      expect((await create({ s3_endpoint: endpoint }, open, token)).status, endpoint).to.equal(422);
    }
    await open.stop();
  }).timeout(20_000);
});
