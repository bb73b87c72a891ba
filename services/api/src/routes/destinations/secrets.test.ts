import { randomBytes } from 'node:crypto';
import { openPersistence } from '@holdfast/persistence';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/backup-destinations';
const accessKey = 'ACCESS-that-must-not-be-seen';
const secretKey = 'SECRET-that-must-not-be-seen';

describe('keys of destinations', () => {
  let api: TestApi;
  let ada: Tenant;
  before(async () => {
    api = await openApi({ HOLDFAST_SECRET_KEYS: `first:${randomBytes(32).toString('base64')}` });
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const body = {
    label: 'Bucket',
    type: 'custom_s3',
    s3_access_key: accessKey,
    s3_secret_key: secretKey,
    s3_bucket_name: 'bucket',
    custom_s3_endpoint: 'https://s3.invalid',
    deletion_access_key: accessKey,
    deletion_secret_key: secretKey,
  };
  const create = async (): Promise<number> => {
    const made = await api.request('POST', path, { token: ada.token, body });
    expect(made.status, made.text).to.equal(201);
    return (made.json['data'] as { id: number }).id;
  };
  const sealedKeys = async (id: number): Promise<string[]> => {
    const [row] = await api.own.query(
      `select access_key, secret_key, deletion_access_key, deletion_secret_key from holdfast.destinations where id = ${id}`,
    );
    const names = ['access_key', 'secret_key', 'deletion_access_key', 'deletion_secret_key'];
    return names.map((name) => String(row?.[name]));
  };

  it('that were forgotten are named wherever they would be used, until all are set again; an answer is never given twice', async () => {
    const id = await create();
    const forget = (set: string): Promise<unknown> => api.own.query(`update holdfast.${set}`);
    const columns = ['access_key', 'secret_key', 'deletion_access_key', 'deletion_secret_key'];
    await forget(`destinations set ${columns.map((name) => `${name} = 'v0.forgotten'`).join(', ')} where id = ${id}`);
    const shown = await api.request('GET', `${path}/${id}`, { token: ada.token });
    const names = ['s3_access_key', 's3_secret_key', 'deletion_access_key', 'deletion_secret_key'];
    expect(shown.json).to.have.nested.property('data.forgotten').that.eqls(names);
    const tried = await api.request('POST', `${path}/${id}/test`, { token: ada.token });
    expect(tried.text).to.include('was forgotten').and.include('set it again');
    const kept = await api.request('PUT', `${path}/${id}`, { token: ada.token, body: { label: 'x' } });
    expect([kept.status, kept.text]).to.satisfy(() => kept.status === 422 && kept.text.includes('forgotten'));
    const { deletion_access_key: _access, deletion_secret_key: _secret, ...main } = body;
    const half = await api.request('PUT', `${path}/${id}`, { token: ada.token, body: main });
    expect([half.status, half.text]).to.satisfy(() => half.status === 422 && half.text.includes('for deletions'));
    const set = await api.request('PUT', `${path}/${id}`, { token: ada.token, body });
    expect(set.status, set.text).to.equal(200);
    expect(set.json).to.not.have.nested.property('data.forgotten');

    const ask = () => api.request('POST', path, { token: ada.token, body, headers: { 'Idempotency-Key': 'a.b' } });
    expect((await ask()).status).to.equal(201);
    await forget(`idempotency_keys set answer = 'v0.forgotten'`);
    const again = await ask();
    expect([again.status, again.text]).to.satisfy(() => again.status === 409 && again.text.includes('(1.a.b)'));
  });

  it('are in no answer and no log, whatever is asked', async () => {
    const id = await create();
    const form = new URLSearchParams({ ...body, s3_bucket_name: 'a/b' }).toString();
    const answers = [
      await api.request('GET', `${path}/${id}`, { token: ada.token }),
      await api.request('GET', `${path}?per_page=100`, { token: ada.token }),
      await api.request('PUT', `${path}/${id}`, { token: ada.token, body: { ...body, label: 'x' } }),
      await api.request('PUT', `${path}/${id}`, { token: ada.token, body: { ...body, type: 'x' } }),
      await api.request('PUT', `${path}/${id}`, { token: ada.token, body: { s3_access_key: [accessKey, secretKey] } }),
      await api.request('POST', path, { token: ada.token, body: { ...body, s3_access_key: `${secretKey}\0` } }),
      await api.request('POST', path, { token: ada.token, raw: `{"s3_secret_key":"${secretKey}",` }),
      await api.request('POST', path, {
        token: ada.token,
        raw: form,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      await api.request('POST', `${path}/${id}/test`, { token: ada.token }),
      await api.request('DELETE', `${path}/${id}`, { token: ada.token }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 422, 422, 422, 400, 422, 200, 200]);
    for (const { text } of [...answers, { text: api.logged() }]) expect(text).to.not.include('must-not-be-seen');
  }).timeout(20_000);

  it('stand in the database only sealed, with the id of the key that sealed them', async () => {
    const id = await create();
    for (const sealed of await sealedKeys(id)) expect(sealed).to.match(/^v1\.first\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/);
    const everything = JSON.stringify(await api.own.query(`select d::text from holdfast.destinations d`));
    expect(everything).to.include('v1.first.').and.not.include('must-not-be-seen');
  });

  it('open under an old key when a new one is put in front, which seals from then on', async () => {
    const [old] = api.deps.settings.HOLDFAST_SECRET_KEYS;
    const id = await create();
    const fresh = { id: 'second', key: randomBytes(32) };
    const persistence = await openPersistence({
      url: api.deps.settings.DATABASE_URL,
      box: new SecretBox([fresh, old]),
      ids: systemIds,
    });
    const found = await persistence.destinations.find(id);
    if (found?.type !== 'custom_s3') throw new Error('The test destination is not there.');
    expect([found.accessKey.reveal(), found.secretKey.reveal()]).to.deep.equal([accessKey, secretKey]);
    await persistence.destinations.replace(ada.account.id, id, found);
    for (const sealed of await sealedKeys(id)) expect(sealed).to.match(/^v1\.second\./);
    const again = await persistence.destinations.find(id);
    expect(again?.type === 'custom_s3' && again.secretKey.reveal()).to.equal(secretKey);
    await persistence.close();
    // The key in front is away again: no list fails by it, and what needs it says which it is.
    const shown = await api.request('GET', path, { token: ada.token });
    const names = ['s3_access_key', 's3_secret_key', 'deletion_access_key', 'deletion_secret_key'];
    expect(shown.status, shown.text).to.equal(200);
    expect((shown.json['data'] as { id: number; unreadable?: string[] }[]).find((one) => one.id === id))
      .to.have.property('unreadable')
      .that.eqls(names);
    const tried = await api.request('POST', `${path}/${id}/test`, { token: ada.token });
    expect(tried.text).to.match(/second.*which is not configured.*HOLDFAST_SECRET_KEYS/);
    const ask = () => api.request('POST', path, { token: ada.token, body, headers: { 'Idempotency-Key': 'away' } });
    expect((await ask()).status).to.equal(201);
    await api.own.query(`update holdfast.idempotency_keys set answer = replace(answer, 'v1.first.', 'v1.second.')`);
    const answered = await ask();
    expect([answered.status, answered.text]).to.satisfy(
      () => answered.status === 503 && answered.text.includes('second'),
    );
    await api.own.query(`delete from holdfast.destinations where id = ${id}`);
  });
});
