import { expect } from 'chai';
import { databasePassword, openApi, type Answer, type Asked, type Tenant, type TestApi } from '../harness.test.ts';
import { routes } from '../routes/index.ts';
import { startApi, type RunningApi } from '../server.ts';

describe('Idempotency-Key', () => {
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  let second: RunningApi;
  let keys = 0;

  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
    second = await startApi(api.deps);
  });
  after(async () => {
    await second.stop();
    await api.stop();
  });

  const newKey = (): string => `key-${(keys += 1)}`;
  const backupsOf = ({ database }: Tenant): string => `/api/databases/${database.id}/backups`;
  const post = (path: string, key: string, asked: Asked = {}): Promise<Answer> =>
    api.request('POST', path, { token: ada.token, ...asked, headers: { 'idempotency-key': key, ...asked.headers } });
  const countOf = async (table: string): Promise<number> =>
    Number((await api.own.query(`select count(*) as n from holdfast.${table}`))[0]?.['n']);
  const age = (key: string, seconds: number) =>
    api.own.query(
      `update holdfast.idempotency_keys set begun_at = now() - interval '${seconds} seconds' where key = '${key}'`,
    );
  const keysLeft = async (key: string): Promise<number> =>
    (await api.own.query(`select 1 from holdfast.idempotency_keys where key = '${key}'`)).length;

  it('gives a repeated request the same status and body, and makes nothing more', async () => {
    const key = newKey();
    const first = await post(backupsOf(ada), key, { body: {} });
    expect([first.status, first.headers.has('idempotent-replayed')]).to.deep.equal([201, false]);
    const [rows, rung] = [await countOf('backups'), api.rung.length];
    const again = await post(backupsOf(ada), key, { body: {} });
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).to.deep.equal([
      201,
      first.text,
      'true',
    ]);
    expect(again.headers.get('content-type')).to.equal(first.headers.get('content-type'));
    expect([await countOf('backups'), api.rung.length]).to.deep.equal([rows, rung]);
  });

  it('without one, or with another one, asks for something more', async () => {
    const before = await countOf('backups');
    await post(backupsOf(ada), newKey());
    await post(backupsOf(ada), newKey());
    for (let n = 0; n < 2; n += 1) await api.request('POST', backupsOf(ada), { token: ada.token });
    expect(await countOf('backups')).to.equal(before + 4);
  });

  it('makes one row of twenty requests at once, sent to two processes', async () => {
    const before = await countOf('backups');
    const key = newKey();
    const headers = { authorization: `Bearer ${ada.token}`, 'idempotency-key': key };
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const answer = await fetch(`${n % 2 === 0 ? api.url : second.url}${backupsOf(ada)}`, {
          method: 'POST',
          headers,
        });
        return {
          status: answer.status,
          text: await answer.text(),
          replayed: answer.headers.has('idempotent-replayed'),
        };
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    expect(answers.filter(({ replayed }) => !replayed)).to.have.length(1);
    expect(await countOf('backups')).to.equal(before + 1);
  });

  it('is refused with another body or path, in the shape of the dialect', async () => {
    const key = newKey();
    const body = { label: 'First', type: 'local', path: 'first' };
    expect((await post('/api/backup-destinations', key, { body })).status).to.equal(201);
    const sentence = 'The Idempotency-Key header was used with another request: send a new key with each new request.';
    const other = await post('/api/backup-destinations', key, { body: { ...body, label: 'Second' } });
    expect([other.status, other.json]).to.deep.equal([
      422,
      { message: sentence, errors: { 'Idempotency-Key': [sentence] } },
    ]);
    const elsewhere = await post(backupsOf(ada), key, { body });
    expect([elsewhere.status, elsewhere.json]).to.deep.equal([422, { errors: { 'Idempotency-Key': [sentence] } }]);
    const reordered = { path: 'first', type: 'local', label: 'First' };
    const same = await post('/api/backup-destinations', key, { body: reordered });
    expect([same.status, same.headers.get('idempotent-replayed')]).to.deep.equal([201, 'true']);
  });

  it('must be 1 to 255 visible ASCII characters', async () => {
    for (const key of ['', 'a b', 'x'.repeat(256), 'é']) {
      const { status, json } = await post(backupsOf(ada), key);
      expect(status, key).to.equal(422);
      expect(json).to.have.nested.property('errors.Idempotency-Key');
    }
    expect((await post(backupsOf(ada), '!'.repeat(255))).status).to.equal(201);
  });

  it('is the own of each account', async () => {
    const key = newKey();
    const body = { label: 'Mine', type: 'local', path: 'mine' };
    const [mine, hers] = [
      await post('/api/backup-destinations', key, { body }),
      await post('/api/backup-destinations', key, { body, token: eve.token }),
    ];
    expect([mine.status, hers.status, hers.headers.has('idempotent-replayed')]).to.deep.equal([201, 201, false]);
    expect(hers.json).to.have.nested.property('data.user_id', eve.account.id);
  });

  it('is no way around what a token may do', async () => {
    const key = newKey();
    await post(backupsOf(ada), key);
    const reader = await api.token(ada.account, ['backups:read']);
    expect((await post(backupsOf(ada), key, { token: reader })).status).to.equal(403);
    expect((await post(backupsOf(ada), key, { token: 'none' })).status).to.equal(401);
  });

  it('is free again after a refusal, for any request', async () => {
    const key = newKey();
    const path = '/api/backup-destinations';
    expect((await post(path, key, { body: { label: '' } })).status).to.equal(422);
    expect(await keysLeft(key)).to.equal(0);
    expect((await post(path, key, { body: { label: 'Ok', type: 'local', path: 'ok' } })).status).to.equal(201);
  });

  it('leads a request that failed half way to what it made', async () => {
    const { backups } = api.deps.persistence;
    const create = backups.create.bind(backups);
    const before = await countOf('backups');
    backups.create = async (wanted) => {
      await create(wanted);
      throw new Error('the connection broke after the commit');
    };
    const key = newKey();
    try {
      expect((await post(backupsOf(ada), key)).status).to.equal(500);
    } finally {
      backups.create = create;
    }
    expect(await countOf('backups')).to.equal(before + 1);
    const again = await post(backupsOf(ada), key);
    expect([again.status, again.headers.has('idempotent-replayed')]).to.deep.equal([201, false]);
    expect(await countOf('backups')).to.equal(before + 1);
  });

  /** As a process leaves a key that ends between making the thing and keeping the answer. */
  const forgetAnswer = (key: string) =>
    api.own.query(`update holdfast.idempotency_keys set status = null, answer = null where key = '${key}'`);

  it('makes no second backup when a process died before it kept the answer', async () => {
    const key = newKey();
    const first = await post(backupsOf(ada), key);
    const before = await countOf('backups');
    await forgetAnswer(key);
    await age(key, 61);
    const again = await post(backupsOf(ada), key);
    expect([again.status, again.json]).to.deep.equal([201, first.json]);
    expect(await countOf('backups')).to.equal(before);
    expect((await post(backupsOf(ada), key)).headers.get('idempotent-replayed')).to.equal('true');
  });

  it('makes no second restore when a process died before it kept the answer', async () => {
    const idle = await api.tenant('idle');
    const { backup } = await api.doneBackup(idle.database);
    const path = `${backupsOf(idle)}/${backup.id}/restore`;
    const key = newKey();
    const ask = (as: string) => post(path, as, { token: idle.token });
    const first = await ask(key);
    expect(first.status, first.text).to.equal(201);
    const before = await countOf('restores');
    expect((await ask(newKey())).status, 'another one waits').to.equal(409);
    await forgetAnswer(key);
    await age(key, 61);
    const again = await ask(key);
    expect([again.status, again.json['id']]).to.deep.equal([201, first.json['id']]);
    expect(await countOf('restores')).to.equal(before);
  });

  it('has a repeated request wait for the first one, and answers 409 with Retry-After when that takes long', async () => {
    const { backups } = api.deps.persistence;
    const create = backups.create.bind(backups);
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    backups.create = async (wanted) => {
      entered.resolve();
      await gate.promise;
      return create(wanted);
    };
    const key = newKey();
    const before = await countOf('backups');
    const first = post(backupsOf(ada), key);
    try {
      await entered.promise;
      const early = await post(backupsOf(ada), key);
      expect([early.status, early.headers.get('retry-after')]).to.deep.equal([409, '1']);
      expect(early.json).to.deep.equal({
        error: 'A request with this Idempotency-Key still runs: repeat it in a moment.',
      });
      const waiting = post(backupsOf(ada), key);
      gate.resolve();
      const [made, replayed] = [await first, await waiting];
      expect([replayed.status, replayed.text]).to.deep.equal([201, made.text]);
    } finally {
      gate.resolve();
      backups.create = create;
    }
    expect(await countOf('backups')).to.equal(before + 1);
  });

  it('answers its client also when the answer cannot be kept', async () => {
    const { idempotency } = api.deps.persistence;
    const keep = idempotency.keep.bind(idempotency);
    idempotency.keep = () => Promise.reject(new Error('connection refused'));
    try {
      expect((await post(backupsOf(ada), newKey())).status).to.equal(201);
    } finally {
      idempotency.keep = keep;
    }
    expect(api.logged()).to.include('an Idempotency-Key could not be ended');
  });

  it('shows a token again to who repeats the request, and keeps neither that nor any secret in clear', async () => {
    const token = await api.token(ada.account, ['admin']);
    const key = newKey();
    const asked = { token, body: { token: { name: 'ci', scopes: ['backups:read'] } } };
    const first = await post('/api/tokens', key, asked);
    const again = await post('/api/tokens', key, asked);
    expect([again.status, again.text]).to.deep.equal([201, first.text]);
    const secret = (first.json['token'] as { token: string }).token;
    expect((await api.request('GET', '/api/account', { token: secret })).status).to.equal(200);
    const database = {
      name: 'x',
      type: 'postgresql',
      host: 'db.example.com',
      port: 5432,
      user: 'app',
      password: databasePassword,
    };
    const registered = await post('/api/databases', newKey(), { body: { database } });
    expect(registered.status, registered.text).to.equal(201);
    const rows = JSON.stringify(await api.own.query('select * from holdfast.idempotency_keys'));
    expect(rows).to.include(key).and.not.include(secret).and.not.include(databasePassword);
  });

  it('is taken by every route that makes something', () => {
    const making = routes.filter(({ method, answers }) => method === 'POST' && answers === 201);
    expect(making.length).to.be.at.least(8);
    for (const { path, creates } of making) expect(creates, path).to.equal(true);
  });

  it('means nothing where nothing is made', async () => {
    const key = newKey();
    for (let n = 0; n < 2; n += 1) {
      const { status } = await api.request('GET', '/api/databases', {
        token: ada.token,
        headers: { 'idempotency-key': key },
      });
      expect(status).to.equal(200);
    }
    expect(await keysLeft(key)).to.equal(0);
  });

  it('can come with a body of any depth', async () => {
    const raw = `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const { status } = await post(backupsOf(ada), newKey(), { raw, headers: { 'content-type': 'application/json' } });
    expect(status).to.equal(201);
  });
});
