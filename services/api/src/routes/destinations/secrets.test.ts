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
    const error = await api.deps.persistence.destinations.find(id).catch((thrown: Error) => thrown.message);
    expect(error).to.match(/"second", which is not configured: add it to HOLDFAST_SECRET_KEYS/);
    await api.own.query(`delete from holdfast.destinations where id = ${id}`);
  });
});
