import { expect } from 'chai';
import { scopeNames } from '@holdfast/shared/domain';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

type Shown = Record<string, unknown> & { id: string; token?: string };

describe('tokens', () => {
  let api: TestApi;
  let ada: Tenant;
  let admin: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    admin = await api.token(ada.account, ['admin']);
  });
  after(() => api.stop());

  const get = (path: string, token = admin) => api.request('GET', path, { token });
  const post = (body: unknown, token = admin) => api.request('POST', '/api/tokens', { token, body });
  const make = async (fields: object = {}): Promise<Required<Shown>> => {
    const { status, json, text } = await post({ token: { name: 'ci', scopes: ['backups:read'], ...fields } });
    expect(status, text).to.equal(201);
    return json['token'] as Required<Shown>;
  };
  const revoke = (id: string, token = admin) => api.request('DELETE', `/api/tokens/${id}`, { token });

  it('are shown once, when they are made, and only described after that', async () => {
    const { token: secret, ...made } = await make();
    expect(secret).to.match(/^hf_[\w-]{43}$/);
    expect(made).to.deep.equal({
      id: made.id,
      name: 'ci',
      scopes: ['backups:read'],
      created_at: made['created_at'],
      expires_at: null,
      last_used_at: null,
      revoked_at: null,
    });
    const one = await get(`/api/tokens/${made.id}`);
    expect([one.status, one.json]).to.deep.equal([200, { token: made }]);
    const list = await get('/api/tokens');
    expect((list.json['tokens'] as Shown[])[0]).to.deep.equal(made);
    expect(list.text)
      .to.not.include(secret.slice(3))
      .and.not.match(/hash|hf_/);
    expect(api.logged()).to.not.include(secret.slice(3));
  });

  it('may do what their scopes say, by either name, and no more', async () => {
    const { token, scopes } = await make({ scopes: ['view-backup-destinations', 'backups:read', 'backups:read'] });
    expect(scopes).to.deep.equal(['backups:read', 'destinations:read']);
    expect((await get('/api/backup-destinations', token)).status).to.equal(200);
    expect((await get(`/api/databases/${ada.database.id}/backups`, token)).status).to.equal(200);
    for (const path of ['/api/databases', '/api/tokens']) expect((await get(path, token)).status, path).to.equal(403);
    const created = await post({ token: { name: 'more', scopes: ['admin'] } }, token);
    expect([created.status, created.json]).to.deep.equal([403, { error: 'The token lacks the scope admin.' }]);
  });

  it('end when they expire, at a time or after days', async () => {
    const { token, id, expires_at: at } = await make({ expires_in_days: 30 });
    expect(Date.parse(String(at)) - Date.now()).to.be.within(30 * 86_400_000 - 60_000, 30 * 86_400_000);
    expect((await get('/api/account', token)).status).to.equal(200);
    const offset = await make({ expires_at: '2099-01-31T13:00:00+01:00' });
    expect(offset['expires_at']).to.equal('2099-01-31T12:00:00.000Z');
    await api.own.query(`update holdfast.api_tokens set expires_at = now() where id = '${id}'`);
    for (const path of [
      '/api/account',
      `/api/databases/${ada.database.id}/backups`,
      '/api/backups/x',
      '/admin/queues',
    ]) {
      expect((await get(path, token)).status, path).to.equal(401);
    }
  });

  it('are refused with what is wrong with them', async () => {
    const good = { name: 'ci', scopes: ['backups:read'] };
    const cases: [unknown, string, string][] = [
      [{}, 'token', 'The token field is required.'],
      [{ token: { scopes: ['admin'] } }, 'name', 'The name field is required.'],
      [{ token: { name: 'x' } }, 'scopes', 'The scopes field is required.'],
      [{ token: { name: 'x', scopes: [] } }, 'scopes', 'The scopes field must name at least one scope.'],
      [{ token: { name: 'x', scopes: ['root'] } }, 'scopes.0', `must be one of ${scopeNames.join(', ')}.`],
      [{ token: { name: 'x', scopes: 'admin' } }, 'scopes', 'The scopes field must be a list.'],
      [{ token: { ...good, expires_at: '2020-01-01T00:00:00Z' } }, 'expires_at', 'must be in the future.'],
      [{ token: { ...good, expires_at: 'soon' } }, 'expires_at', 'must be a time such as 2027-01-31T12:00:00Z.'],
      [
        { token: { ...good, expires_at: '9999-12-31T23:59:59-01:00' } },
        'expires_at',
        'must not be after the year 9999.',
      ],
      [{ token: { ...good, expires_in_days: 0 } }, 'expires_in_days', 'must be at least 1.'],
      [{ token: { ...good, expires_in_days: 1e9 } }, 'expires_in_days', 'must be at most 99999.'],
      [{ token: { ...good, expires_in_days: 1, expires_at: '2099-01-01T00:00:00Z' } }, 'expires_in_days', 'beside'],
    ];
    for (const [body, field, message] of cases) {
      const { status, json } = await post(body);
      expect(status, JSON.stringify(body)).to.equal(422);
      const errors = json['errors'] as Record<string, string[]>;
      expect(errors[field]?.join(' '), JSON.stringify(json)).to.include(message);
    }
  });

  it('stop working at once when they are revoked, and stay in the list', async () => {
    const { id, token } = await make();
    expect((await get('/api/account', token)).status).to.equal(200);
    expect((await revoke(id)).status).to.equal(204);
    for (const path of ['/api/account', `/api/databases/${ada.database.id}/backups`, '/docs', '/admin/queues']) {
      expect((await get(path, token)).status, path).to.equal(401);
    }
    const shown = (await get(`/api/tokens/${id}`)).json['token'] as Shown;
    expect(shown['revoked_at']).to.be.a('string');
    expect((await revoke(id)).status, 'again').to.equal(204);
    expect((await get(`/api/tokens/${id}`)).json['token']).to.deep.equal(shown);
  });

  it('may revoke themselves, but never leave the account without a valid admin token', async () => {
    const eve = await api.tenant('eve');
    const first = await api.token(eve.account, ['admin']);
    const made = await post({ token: { name: 'second', scopes: ['admin'] } }, first);
    const { id, token: other } = made.json['token'] as Required<Shown>;
    expect((await revoke(id, other)).status, 'itself').to.equal(204);
    expect((await get('/api/account', other)).status).to.equal(401);
    const { json } = await get('/api/account', first);
    const last = await revoke((json['token'] as Shown).id, first);
    expect([last.status, last.json]).to.deep.equal([
      409,
      { error: 'This is the last valid token with the scope admin: make another one before you revoke it.' },
    ]);
    expect((await get('/api/account', first)).status).to.equal(200);
  });

  it('of another account are as unknown as those that never were', async () => {
    const { id } = await make();
    const stranger = await api.tenant('stranger');
    const theirs = await api.token(stranger.account, ['admin']);
    for (const one of [id, '0199c0de-0000-7000-8000-000000000000', 'x']) {
      for (const method of ['GET', 'DELETE']) {
        const { status, json } = await api.request(method, `/api/tokens/${one}`, { token: theirs });
        expect([status, json], `${method} ${one}`).to.deep.equal([404, { error: 'This token does not exist.' }]);
      }
    }
    expect((await get('/api/tokens', theirs)).text).to.not.include(id);
  });

  describe('and the account', () => {
    it('is shown to any valid token, with that token and its last use', async () => {
      const { id, token } = await make({ name: 'poller' });
      await get('/api/backups/0199c0de-0000-7000-8000-000000000000', token);
      const { status, json } = await get('/api/account', token);
      expect(status).to.equal(200);
      expect(json['account']).to.include({ id: ada.account.id, name: 'ada' });
      const shown = json['token'] as Shown;
      expect(shown).to.include({ id, name: 'poller' }).and.to.not.have.property('token');
      expect(Date.now() - Date.parse(String(shown['last_used_at']))).to.be.within(-1000, 60_000);
      expect((await get(`/api/tokens/${id}`)).json['token']).to.deep.equal(shown);
      expect((await get('/api/account', await api.token(ada.account, []))).status).to.equal(200);
      expect((await get('/api/account', 'none')).status).to.equal(401);
    });
  });
});
