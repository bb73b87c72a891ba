import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { sourceDatabase } from '../support/source.ts';
import { register, useHoldfast } from '../support/system.ts';

type Form = Record<string, string | number | boolean | null | undefined>;
type Parsed = Record<string, unknown>;

/** How PHP writes a form: true and false as 1 and 0, nothing for null, spaces as "+". */
function phpForm(fields: Form): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    form.append(name, typeof value === 'boolean' ? String(Number(value)) : String(value));
  }
  return form.toString();
}

/** What the SDK throws: by status, with the parsed body of a 422 and the text of all others. */
class SdkError extends Error {
  readonly kind: 'validation' | 'not found' | 'rate' | 'maintenance' | 'other';
  readonly body: string;
  readonly errors: Parsed | null;

  constructor(status: number, body: string) {
    super(`${status} ${body}`);
    const kinds = { 422: 'validation', 404: 'not found', 429: 'rate', 503: 'maintenance' } as const;
    this.kind = kinds[status as keyof typeof kinds] ?? 'other';
    this.body = body;
    this.errors = this.kind === 'validation' ? (JSON.parse(body) as Parsed) : null;
  }
}

/**
 * Sends what the PHP SDK sends. It announces JSON by default, forms where it sends one, and reads every answer below 300,
 * that of a DELETE too, as JSON that must not be empty.
 */
class Sdk {
  readonly #base: string;
  readonly #token: string;

  /** @param base as its caller gives it; the SDK adds `/api`, which its relative paths then replace */
  constructor(base: string, token: string) {
    this.#base = `${base.replace(/\/+$/, '')}/api`;
    this.#token = token;
  }

  async send(method: string, uri: string, body?: Form | { json: unknown }): Promise<Parsed> {
    const json = body !== undefined && 'json' in body;
    const answer = await fetch(new URL(uri, this.#base), {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'application/json',
        'content-type': body === undefined || json ? 'application/json' : 'application/x-www-form-urlencoded',
        'user-agent': 'GuzzleHttp/7',
      },
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body.json) : phpForm(body) }),
    });
    const text = await answer.text();
    if (answer.status < 200 || answer.status > 299) throw new SdkError(answer.status, text);
    return JSON.parse(text) as Parsed;
  }
}

const failure = async (work: Promise<unknown>): Promise<SdkError> => {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SdkError)) throw new Error(`The SDK did not fail as expected: ${String(thrown)}`);
  return thrown;
};

describe('the Vanguard PHP SDK', () => {
  let s3: TestS3;
  before(async () => {
    s3 = await startS3();
  });
  after(() => s3.stop());
  const holdfast = useHoldfast();

  const sdk = (token?: string): Sdk => new Sdk(`${holdfast().api.url}/api`, token ?? holdfast().token);
  const bucket = (changes: Form = {}): Form => ({
    label: 'Custom S3 Backup & more',
    type: 'custom_s3',
    s3_access_key: s3.accessKey,
    s3_secret_key: s3.secretKey,
    s3_bucket_name: s3.bucket,
    custom_s3_endpoint: s3.endpoint,
    custom_s3_region: null,
    path_style_endpoint: true,
    ...changes,
  });
  const create = async (fields: Form | { json: unknown }): Promise<Parsed> =>
    (await sdk().send('POST', 'backup-destinations', fields))['data'] as Parsed;

  it('creates, shows, lists, changes and deletes with forms', async () => {
    const made = await create(bucket());
    expect(made).to.include({
      label: 'Custom S3 Backup & more',
      type: 'custom_s3',
      type_human: 'Custom S3',
      s3_bucket_name: s3.bucket,
      path_style_endpoint: true,
      s3_endpoint: s3.endpoint,
    });
    const uri = `backup-destinations/${String(made['id'])}`;
    expect(await sdk().send('GET', uri)).to.deep.equal({ data: made });
    const list = (await sdk().send('GET', 'backup-destinations'))['data'] as Parsed[];
    expect(list.find(({ id }) => id === made['id'])).to.deep.equal(made);
    const change = { label: 'Updated S3 Backup', s3_bucket_name: 'new-backups', path_style_endpoint: false };
    const changed = (await sdk().send('PUT', uri, change))['data'] as Parsed;
    expect(changed).to.deep.equal({ ...made, ...change, updated_at: changed['updated_at'] });
    expect(await sdk().send('DELETE', uri)).to.deep.equal({ message: 'Backup destination successfully deleted' });
    expect((await failure(sdk().send('GET', uri))).kind).to.equal('not found');
  });

  it('creates and changes with JSON where its caller asks for that', async () => {
    const made = await create({ json: bucket({ path_style_endpoint: false }) });
    expect(made).to.include({ path_style_endpoint: false });
    const uri = `backup-destinations/${String(made['id'])}`;
    const changed = await sdk().send('PUT', uri, { json: { path_style_endpoint: true } });
    expect(changed['data']).to.include({ path_style_endpoint: true });
  });

  it('creates each other kind', async () => {
    const amazon = { ...bucket(), type: 's3', custom_s3_endpoint: null, custom_s3_region: 'us-west-2' };
    expect(await create(amazon)).to.include({ type_human: 'Amazon S3', s3_region: 'us-west-2' });
    const local = { label: 'Here', type: 'local', s3_access_key: '', custom_s3_endpoint: '' };
    const shown = ['id', 'user_id', 'label', 'type', 'type_human', 'created_at', 'updated_at', 'path'];
    expect(await create(local)).to.have.all.keys(shown);
  });

  it('creates a destination that really takes a backup', async () => {
    const { client } = holdfast();
    const { id } = await create(bucket());
    const databaseId = await register(holdfast(), await sourceDatabase(), Number(id));
    await client.waitFor((await client.backup(databaseId)).id, ['done'], 30);
    expect(s3.objects().map(({ key }) => key.split('/').at(-1))).to.include('manifest.json');
    const refusal = await failure(sdk().send('DELETE', `backup-destinations/${String(id)}`));
    expect(refusal.kind).to.equal('other');
    expect(JSON.parse(refusal.body)).to.deep.equal({
      error: 'Conflict',
      message: 'This backup destination still holds 1 backup and is used by 1 database and 0 schedules.',
    });
  });

  it('reads what was wrong with the fields', async () => {
    const { kind, errors } = await failure(sdk().send('POST', 'backup-destinations', { type: 's3', label: '' }));
    expect(kind).to.equal('validation');
    expect(errors).to.deep.equal({
      message: 'The label field is required. (and 4 more errors)',
      errors: Object.fromEntries(
        ['label', 's3_access_key', 's3_secret_key', 's3_bucket_name', 's3_region'].map((field) => [
          field,
          [`The ${field} field is required.`],
        ]),
      ),
    });
  });

  it('is told of an unknown destination by any request', async () => {
    for (const [method, body] of [['GET'], ['PUT', { label: 'x' }], ['DELETE']] as const) {
      const { kind, body: text } = await failure(sdk().send(method, 'backup-destinations/999999', body));
      expect(kind, method).to.equal('not found');
      expect(JSON.parse(text)).to.deep.equal({ error: 'Not Found', message: 'Backup destination not found' });
    }
  });

  it("is told of another user's destination, of a missing scope and of a wrong token", async () => {
    const { database } = holdfast();
    const [row] = await database.query(
      `with other as (insert into holdfast.accounts (name) values ('somebody else') returning id)
       insert into holdfast.destinations (account_id, label, type, settings)
       select id, 'Theirs', 'local', '{"path":"theirs"}' from other returning id`,
    );
    const theirs = `backup-destinations/${String(row?.['id'])}`;
    expect(JSON.parse((await failure(sdk().send('GET', theirs))).body)).to.deep.equal({
      error: 'Forbidden',
      message: 'You are not authorized to access this backup destination',
    });
    const wrong = await failure(sdk('no-such-token').send('GET', 'backup-destinations'));
    expect(JSON.parse(wrong.body)).to.deep.equal({ message: 'Unauthenticated.' });
    const reader = await holdfast().newToken('destinations:read');
    expect(await sdk(reader).send('GET', 'backup-destinations')).to.have.property('data');
    const lacking = await failure(sdk(reader).send('POST', 'backup-destinations', bucket()));
    expect(JSON.parse(lacking.body)).to.deep.equal({
      message:
        'Access denied due to insufficient permissions. Required token ability scopes: create-backup-destinations',
    });
  });
});
