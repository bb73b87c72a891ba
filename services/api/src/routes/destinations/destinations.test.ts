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
      object_lock: null,
      has_deletion_keys: false,
      capabilities: null,
      s3_prefix: '',
      s3_max_parts: 10_000,
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
    const keys = ['id', 'user_id', 'label', 'type', 'type_human', 'created_at', 'updated_at', 'path'];
    expect(local).to.have.all.keys(keys);
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
      objectLock: null,
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
    const both = await create({ type: 's3', s3_access_key: 'a', s3_secret_key: 's' });
    expect(both.json).to.deep.equal({
      message: 'The label field is required. (and 2 more errors)',
      errors: {
        label: ['The label field is required.'],
        s3_bucket_name: ['The s3_bucket_name field is required.'],
        s3_region: ['The s3_region field is required.'],
      },
    });
    for (const nothing of ['', '  ', null]) {
      const { json } = await create({ ...amazon, label: nothing, type: nothing });
      expect(json['errors'], JSON.stringify(nothing)).to.deep.equal(empty.json['errors']);
    }
  });

  it('takes text without the spaces around it, as the original does', async () => {
    const made = await create({ ...amazon, label: ' spaced ', s3_secret_key: `${secretKey}\n`, s3_prefix: ' ' });
    expect(made.status, made.text).to.equal(201);
    expect(data(made.json)).to.include({ label: 'spaced' });
    const kept = await api.deps.persistence.destinations.find(Number(data(made.json)['id']));
    expect(kept?.type === 's3' && kept.secretKey.reveal()).to.equal(secretKey);
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
    expect((await put({})).json).to.have.nested.property('data.label', 'Updated S3 Backup');
    expect(data((await put({ path_style_endpoint: '1' })).json)).to.include({ path_style_endpoint: true });
  });

  it('refuses a change that would leave a destination without what its kind needs, and changes nothing', async () => {
    const keys = ['s3_access_key', 's3_secret_key'];
    const cases: [start: object, change: object, missing: string[]][] = [
      [amazon, { type: 'custom_s3' }, ['custom_s3_endpoint']],
      [amazon, { s3_region: null }, ['s3_region']],
      [amazon, { custom_s3_region: '' }, ['s3_region']],
      [amazon, { s3_secret_key: null, s3_bucket_name: '' }, ['s3_secret_key', 's3_bucket_name']],
      [amazon, { label: null }, ['label']],
      [custom, { type: 's3' }, ['s3_region']],
      [custom, { custom_s3_endpoint: '' }, ['custom_s3_endpoint']],
      [custom, { s3_access_key: '' }, ['s3_access_key']],
      [{ label: 'x', type: 'local' }, { type: 's3' }, [...keys, 's3_bucket_name', 's3_region']],
      [{ label: 'x', type: 'local' }, { type: 'custom_s3' }, [...keys, 's3_bucket_name', 'custom_s3_endpoint']],
    ];
    for (const [start, change, missing] of cases) {
      const before = data((await create(start)).json);
      const at = `${path}/${String(before['id'])}`;
      const { status, json } = await api.request('PUT', at, { token: ada.token, body: change });
      expect([status, Object.keys(json['errors'] ?? {})], JSON.stringify(change)).to.deep.equal([422, missing]);
      expect(json['errors'])
        .to.have.property(String(missing[0]))
        .that.deep.equals([`The ${missing[0]} field is required.`]);
      expect(data((await api.request('GET', at, { token: ada.token })).json)).to.deep.equal(before);
    }
  });

  it('refuses a lock where nothing can lock, rather than let it be believed', async () => {
    const local = { label: 'x', type: 'local', path: 'unlocked' };
    const object_lock = { mode: 'compliance', days: 30 };
    const at = `${path}/${String(data((await create(local)).json)['id'])}`;
    for (const { status, json } of [
      await create({ ...local, object_lock }),
      await api.request('PUT', at, { token: ada.token, body: { object_lock } }),
    ]) {
      expect([status, Object.keys(json['errors'] ?? {})]).to.deep.equal([422, ['object_lock']]);
    }
    expect((await create({ ...local, object_lock: null })).status).to.equal(201);
  });

  it('changes the kind when the request brings what the new one needs', async () => {
    const made = data((await create(amazon)).json);
    const at = `${path}/${String(made['id'])}`;
    const put = async (body: unknown) => data((await api.request('PUT', at, { token: ada.token, body })).json);
    const {
      created_at: _created,
      updated_at: _updated,
      ...server
    } = await put({
      type: 'custom_s3',
      s3_endpoint: 'https://s3.example.com',
    });
    expect(server).to.deep.equal({
      id: made['id'],
      user_id: made['user_id'],
      label: 'AWS S3 Backup',
      type: 'custom_s3',
      type_human: 'Custom S3',
      s3_bucket_name: 'my-backups',
      path_style_endpoint: false,
      s3_endpoint: 'https://s3.example.com',
      object_lock: null,
      has_deletion_keys: false,
      capabilities: null,
      s3_prefix: '',
      s3_max_parts: 10_000,
    });
    expect(await put({ type: 's3' })).to.include({ s3_region: 'us-west-2' });
    expect(await put({ type: 'local', path: 'here' })).to.not.have.any.keys('s3_bucket_name', 'path_style_endpoint');
    expect(await put({ ...amazon, label: undefined })).to.include({ type: 's3', label: 'AWS S3 Backup' });
  });

  it('lists nothing as a page without a first and a last', async () => {
    const { id } = await api.deps.persistence.accounts.create('empty');
    const token = await api.token({ id, name: 'empty', createdAt: new Date(0) }, ['destinations:read']);
    const url = `${api.url}${path}`;
    expect((await api.request('GET', path, { token })).json).to.deep.equal({
      data: [],
      links: { first: `${url}?page=1`, last: `${url}?page=1`, prev: null, next: null },
      meta: { current_page: 1, from: null, last_page: 1, path: url, per_page: 15, to: null, total: 0 },
    });
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
      'Local 2',
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
    for (const perPage of [1, 100]) {
      const page = await api.request('GET', `${path}?per_page=${perPage}`, { token });
      expect(page.json['data']).to.have.length(Math.min(perPage, 5));
      expect(page.json['meta']).to.include({ per_page: perPage, last_page: perPage === 1 ? 5 : 1 });
    }
    const beyond = await api.request('GET', `${path}?page=9`, { token });
    expect(beyond.json['data']).to.deep.equal([]);
    expect(beyond.json['meta']).to.include({ from: null, to: null, total: 5, current_page: 9 });
    for (const query of ['per_page=0', 'per_page=101', 'per_page=x', 'page=0', 'page=-1', 'page=99999999999']) {
      expect((await api.request('GET', `${path}?${query}`, { token })).status, query).to.equal(422);
    }
  });

  it('tries a destination and tells what works', async () => {
    const { status, json } = await api.request('POST', `${path}/${ada.destination.id}/test`, { token: ada.token });
    expect([status, json]).to.deep.equal([200, { data: { ok: true, problems: [] } }]);
  });
});
