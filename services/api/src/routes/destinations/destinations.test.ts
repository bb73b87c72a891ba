import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/backup-destinations';
const secretKey = 'secret-key-that-must-not-be-seen';

describe('destination dialect', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const amazon = {
    label: 'AWS S3 Backup',
    type: 's3',
    s3_access_key: 'access-key',
    s3_secret_key: secretKey,
    s3_bucket_name: 'my-backups',
    s3_region: 'us-west-2',
  };
  const custom = {
    label: 'Custom S3 Backup',
    type: 'custom_s3',
    s3_access_key: 'access-key',
    s3_secret_key: secretKey,
    s3_bucket_name: 'custom-backups',
    custom_s3_endpoint: 'https://custom-s3.example.com',
    path_style_endpoint: true,
  };
  const create = (body: unknown) => api.request('POST', path, { token: ada.token, body });
  const data = (json: Record<string, unknown>) => json['data'] as Record<string, unknown>;

  it('creates each type and shows it as the original does, without secrets', async () => {
    const s3 = await create(amazon);
    expect(s3.status, s3.text).to.equal(201);
    const { id, created_at: created, updated_at: updated, ...shown } = data(s3.json);
    expect(shown).to.deep.equal({
      user_id: ada.account.id,
      label: 'AWS S3 Backup',
      type: 's3',
      type_human: 'Amazon S3',
      s3_bucket_name: 'my-backups',
      path_style_endpoint: false,
      s3_region: 'us-west-2',
    });
    expect(id).to.be.a('number');
    for (const time of [created, updated]) expect(time).to.match(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    const other = data((await create(custom)).json);
    expect(other).to.include({
      type_human: 'Custom S3',
      s3_endpoint: 'https://custom-s3.example.com',
      path_style_endpoint: true,
    });
    expect(other).to.not.have.any.keys('s3_region', 's3_access_key', 's3_secret_key');
    const local = data((await create({ label: 'Here', type: 'local', path: 'backups/here' })).json);
    expect(local).to.have.all.keys('id', 'user_id', 'label', 'type', 'type_human', 'created_at', 'updated_at');
    const one = await api.request('GET', `${path}/${String(id)}`, { token: ada.token });
    expect([one.status, one.json]).to.deep.equal([200, s3.json]);
  });

  it('takes region and endpoint under both names, and booleans as forms send them', async () => {
    const { s3_region: region, ...noRegion } = amazon;
    expect(data((await create({ ...noRegion, custom_s3_region: region })).json)).to.include({ s3_region: region });
    const { custom_s3_endpoint: endpoint, ...noEndpoint } = custom;
    expect(data((await create({ ...noEndpoint, s3_endpoint: endpoint })).json)).to.include({ s3_endpoint: endpoint });
    for (const [sent, meant] of [
      ['1', true],
      ['0', false],
      [1, true],
      [0, false],
    ] as const) {
      const form = new URLSearchParams({ ...custom, path_style_endpoint: String(sent) }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const viaForm = await api.request('POST', path, { token: ada.token, raw: form, headers });
      expect(viaForm.status, viaForm.text).to.equal(201);
      expect(data(viaForm.json)).to.include({ path_style_endpoint: meant });
      expect(data((await create({ ...custom, path_style_endpoint: sent })).json)).to.include({
        path_style_endpoint: meant,
      });
    }
  });

  it('keeps what steers the S3 client', async () => {
    const made = await create({ ...custom, s3_prefix: 'a/b', s3_max_parts: 1000, custom_s3_region: 'eu-1' });
    const kept = await api.deps.persistence.destinations.find(Number(data(made.json)['id']));
    expect(kept).to.have.deep.property('settings', {
      bucket: 'custom-backups',
      region: 'eu-1',
      endpoint: 'https://custom-s3.example.com',
      pathStyle: true,
      prefix: 'a/b/',
      maxParts: 1000,
    });
  });

  it('names what is missing, with a message that counts the rest', async () => {
    const empty = await create({});
    expect([empty.status, empty.json]).to.deep.equal([
      422,
      {
        message: 'The label field is required. (and 1 more error)',
        errors: { label: ['The label field is required.'], type: ['The type field is required.'] },
      },
    ]);
    const bare = await create({ label: 'x', type: 'custom_s3' });
    expect(bare.json['message']).to.equal('The s3_access_key field is required. (and 3 more errors)');
    expect(bare.json['errors']).to.have.all.keys(
      's3_access_key',
      's3_secret_key',
      's3_bucket_name',
      'custom_s3_endpoint',
    );
    const { s3_region: _region, ...noRegion } = amazon;
    expect((await create(noRegion)).json['errors']).to.have.all.keys('s3_region');
  });

  const wrong: [field: string, base: object, values: unknown[]][] = [
    ['label', amazon, ['', 'x'.repeat(256), 5]],
    ['type', amazon, ['ftp', '']],
    ['s3_bucket_name', amazon, ['a/b', '../x', 'a b', 'x?y', '', 'a']],
    ['s3_region', amazon, ['x.evil.com/', 'a b', '-', '']],
    ['path_style_endpoint', amazon, ['yes', 2, {}]],
    ['s3_max_parts', amazon, [0, 10_001, 'many']],
    ['s3_prefix', amazon, ['/a', '../a', 'a//b', 'a/./b', 'a\u0000']],
    [
      'custom_s3_endpoint',
      custom,
      [
        'ftp://x',
        'x',
        '',
        'http://u:p@x.example',
        'https://x.example/path',
        'https://x.example/?q',
        'https://x.example/#f',
        'http://169.254.169.254',
        'http://2852039166',
        'http://[fe80::1]',
        'http://metadata.google.internal',
      ],
    ],
    ['path', { label: 'x', type: 'local' }, ['..', '../x', '/etc', 'a/../../b', 'a\\b', 'a\u0000']],
  ];
  for (const [field, base, values] of wrong) {
    it(`refuses a ${field} that is wrong or dangerous`, async () => {
      for (const value of values) {
        const { status, json } = await create({ ...base, [field]: value });
        expect([status, Object.keys(json['errors'] ?? {})], JSON.stringify(value)).to.deep.equal([422, [field]]);
      }
    });
  }

  it('changes what is given and leaves the rest, secrets too', async () => {
    const id = Number(data((await create(amazon)).json)['id']);
    const put = (body: unknown) => api.request('PUT', `${path}/${id}`, { token: ada.token, body });
    const changed = await put({ label: 'Updated S3 Backup', s3_bucket_name: 'new-backups' });
    expect(changed.status, changed.text).to.equal(200);
    expect(data(changed.json)).to.include({
      label: 'Updated S3 Backup',
      s3_bucket_name: 'new-backups',
      s3_region: 'us-west-2',
    });
    const kept = await api.deps.persistence.destinations.find(id);
    expect(kept?.type === 's3' && kept.secretKey.reveal()).to.equal(secretKey);
    const lacking = await put({ type: 'custom_s3' });
    expect([lacking.status, Object.keys(lacking.json['errors'] ?? {})]).to.deep.equal([422, ['custom_s3_endpoint']]);
  });

  it('lists page by page as Laravel does', async () => {
    const { token, account } = await api.tenant('pager');
    for (let made = 2; made <= 5; made += 1) {
      await api.request('POST', path, { token, body: { label: `Local ${made}`, type: 'local', path: `p${made}` } });
    }
    const url = `${api.url}${path}`;
    const first = await api.request('GET', path, { token });
    expect(first.json['links']).to.deep.equal({
      first: `${url}?page=1`,
      last: `${url}?page=1`,
      prev: null,
      next: null,
    });
    expect(first.json['meta']).to.deep.equal({
      current_page: 1,
      from: 1,
      last_page: 1,
      path: url,
      per_page: 15,
      to: 5,
      total: 5,
    });
    const second = await api.request('GET', `${path}?per_page=2&page=2`, { token });
    expect((second.json['data'] as { label: string; user_id: number }[]).map(({ label }) => label)).to.deep.equal([
      'Local 3',
      'Local 4',
    ]);
    expect((second.json['data'] as { user_id: number }[]).every(({ user_id }) => user_id === account.id)).to.equal(
      true,
    );
    expect(second.json['links']).to.deep.equal({
      first: `${url}?per_page=2&page=1`,
      last: `${url}?per_page=2&page=3`,
      prev: `${url}?per_page=2&page=1`,
      next: `${url}?per_page=2&page=3`,
    });
    const beyond = await api.request('GET', `${path}?page=9`, { token });
    expect(beyond.json['data']).to.deep.equal([]);
    expect(beyond.json['meta']).to.include({ from: null, to: null, total: 5, current_page: 9 });
    for (const query of ['per_page=0', 'per_page=101', 'per_page=x', 'page=0', 'page=-1', 'page=99999999999']) {
      expect((await api.request('GET', `${path}?${query}`, { token })).status, query).to.equal(422);
    }
  });

  it("removes a destination with the original's message, and answers 409 with the count while it is used", async () => {
    const id = Number(data((await create(amazon)).json)['id']);
    const removed = await api.request('DELETE', `${path}/${id}`, { token: ada.token });
    expect([removed.status, removed.json]).to.deep.equal([200, { message: 'Backup destination successfully deleted' }]);
    const used = await api.request('DELETE', `${path}/${ada.destination.id}`, { token: ada.token });
    expect(used.status).to.equal(409);
    expect(used.json).to.deep.equal({
      error: 'Conflict',
      message: 'This backup destination still holds 0 backups and is used by 1 databases and 0 schedules.',
    });
  });

  it('answers 401, missing scopes, unknown and foreign destinations in the words of the original', async () => {
    const answers = async (method: string, at: string, token: string | null) => {
      const { status, json } = await api.request(method, at, { token });
      return [status, json];
    };
    expect(await answers('GET', path, null)).to.deep.equal([401, { message: 'Unauthenticated.' }]);
    const bare = await api.token(ada.account, ['backups:read']);
    for (const [method, at, verb] of [
      ['GET', path, 'view'],
      ['GET', `${path}/1`, 'view'],
      ['POST', path, 'create'],
      ['PUT', `${path}/1`, 'update'],
      ['DELETE', `${path}/1`, 'delete'],
    ] as const) {
      const message = `Access denied due to insufficient permissions. Required token ability scopes: ${verb}-backup-destinations`;
      expect(await answers(method, at, bare)).to.deep.equal([403, { message }]);
    }
    const missing = { error: 'Not Found', message: 'Backup destination not found' };
    for (const id of ['999999', 'abc', '0', '-1', '1e3', '99999999999', '1.5']) {
      expect(await answers('GET', `${path}/${id}`, ada.token), id).to.deep.equal([404, missing]);
    }
    const eve = await api.tenant('eve');
    expect(await answers('GET', `${path}/${ada.destination.id}`, eve.token)).to.deep.equal([
      403,
      { error: 'Forbidden', message: 'You are not authorized to access this backup destination' },
    ]);
  });

  it('tries a destination and tells what works', async () => {
    const { status, json } = await api.request('POST', `${path}/${ada.destination.id}/test`, { token: ada.token });
    expect([status, json]).to.deep.equal([200, { data: { ok: true, problems: [] } }]);
  });

  it('tells that an endpoint in a private network is not allowed, without connecting to it', async () => {
    const made = await create({ ...custom, custom_s3_endpoint: 'http://127.0.0.1:9' });
    const { json } = await api.request('POST', `${path}/${String(data(made.json)['id'])}/test`, { token: ada.token });
    expect(data(json)['ok']).to.equal(false);
    expect(String(data(json)['problems'])).to.include('HOLDFAST_ALLOWED_NETWORKS');
  });

  it('shows secrets in no answer and no log', async () => {
    const list = await api.request('GET', `${path}?per_page=100`, { token: ada.token });
    expect(list.text).to.not.include('must-not-be-seen').and.not.include('access-key');
    expect(api.logged()).to.not.include('must-not-be-seen').and.not.include('access-key');
  });
});
