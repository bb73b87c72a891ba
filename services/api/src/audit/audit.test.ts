import type { AuditRepository } from '@holdfast/persistence';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { databasePassword, openApi, type Asked, type Tenant, type TestApi } from '../harness.test.ts';
import { keyOf } from '../routes/objects.test.ts';
import { routes } from '../routes/index.ts';

interface Entry {
  action: string;
  outcome: string;
  actor: { type: string; id: string | null; name: string };
  object: { type: string; id: string | null; name: string | null };
  from: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
  hash: string;
  position: number;
}

describe('the audit log of the API', () => {
  let api: TestApi;
  let s3: TestS3;
  let ada: Tenant;
  let admin: string;

  before(async () => {
    s3 = await startS3();
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8', HOLDFAST_TRUSTED_PROXIES: '127.0.0.0/8' });
    ada = await api.tenant('ada');
    admin = await api.token(ada.account, ['admin']);
  });
  after(async () => {
    await api.stop();
    await s3.stop();
  });

  const send = (method: string, path: string, asked: Asked = {}) =>
    api.request(method, path, { token: admin, ...asked });
  const entries = async (query = '', token = admin): Promise<Entry[]> => {
    const { status, json, text } = await api.request('GET', `/api/audit${query}`, { token });
    expect(status, text).to.equal(200);
    return json['entries'] as Entry[];
  };
  const newest = async (): Promise<Entry> => (await entries('?limit=1'))[0] as Entry;

  for (const route of routes.filter(({ method }) => method !== 'GET')) {
    it(`has what ${keyOf(route)} does, or the route says why not`, () => {
      const { audit } = route;
      if (typeof audit === 'object') expect(audit.none).to.match(/\.$/);
      else expect(audit).to.match(/^[a-z_]+\.[a-z_]+$/);
    });
  }

  it('says who did what to which object, from where, with the fields that changed', async () => {
    const fields = { name: 'shop', type: 'postgresql', host: 'db.example.com', user: 'app', password: 'pw-1' };
    const headers = { 'x-request-id': 'mine-1', 'x-forwarded-for': '203.0.113.7' };
    const made = await send('POST', '/api/databases', { body: { database: fields }, headers });
    const { id } = made.json['database'] as { id: string };
    const entry = await newest();
    expect(entry).to.deep.include({
      action: 'database.create',
      outcome: 'done',
      object: { type: 'database', id, name: 'shop' },
      from: '203.0.113.7',
      request_id: 'mine-1',
    });
    expect(entry.actor).to.include({ type: 'token', name: 'test' }).and.have.property('id').that.is.a('string');
    expect(entry.details['changed']).to.deep.equal({
      name: { to: 'shop' },
      type: { to: 'postgresql' },
      host: { to: 'db.example.com' },
      user: { to: 'app' },
      password: {},
    });
    await send('PATCH', '/api/databases/shop', { body: { database: { host: 'new.example.com', password: 'pw-2' } } });
    expect(await newest()).to.deep.include({
      action: 'database.change',
      object: { type: 'database', id, name: 'shop' },
      details: { changed: { host: { from: 'db.example.com', to: 'new.example.com' }, password: {} } },
    });
    await send('DELETE', '/api/databases/shop');
    expect(await newest()).to.deep.include({
      action: 'database.delete',
      object: { type: 'database', id, name: 'shop' },
    });
    expect((await entries(`?object=${id}`)).map(({ action }) => action)).to.deep.equal([
      'database.delete',
      'database.change',
      'database.create',
    ]);
    expect(await entries('?action=database.delete')).to.have.length(1);
    const page = await send('GET', '/api/audit?limit=2');
    const next = page.json['next'] as number;
    expect((await entries(`?limit=1&before=${next}`))[0]?.position).to.equal(next - 1);
  });

  it('always has restores, deletions, tokens and downloads in it', async () => {
    const other = await api.doneBackup(ada.database);
    const { backup, file } = await api.doneBackup(ada.database);
    const path = `/api/databases/${ada.database.id}/backups/${backup.id}`;
    await send('POST', `${path}/restore`);
    expect(await newest()).to.deep.include({
      action: 'restore.create',
      details: {
        in: { db: ada.database.id, id: backup.id },
        target: { database_id: ada.database.id, mode: 'in_place' },
      },
    });
    const made = await send('POST', '/api/tokens', { body: { token: { name: 'ci', scopes: ['backups:read'] } } });
    const { id } = made.json['token'] as { id: string };
    expect(await newest()).to.deep.include({
      action: 'token.create',
      object: { type: 'token', id, name: 'ci' },
      details: { changed: { name: { to: 'ci' }, scopes: { to: ['backups:read'] } } },
    });
    await send('DELETE', `/api/tokens/${id}`);
    expect(await newest()).to.deep.include({ action: 'token.revoke', object: { type: 'token', id, name: 'ci' } });
    await send('GET', `${path}/download`);
    expect(await newest()).to.deep.include({
      action: 'backup.download',
      object: { type: 'backup', id: backup.id, name: backup.name },
      details: { file: file.name },
    });
    const { json } = await send('GET', `${path}/archive`);
    const link = new URL(String(json['download_url']));
    await api.request('GET', `${link.pathname}${link.search}`);
    const [download, handedOut] = await entries('?limit=2');
    expect(download?.actor).to.deep.equal({ type: 'system', id: null, name: 'a download link' });
    expect(handedOut?.action).to.equal('backup.link');
    await send('DELETE', `/api/databases/${ada.database.id}/backups/${other.backup.id}?force=true`);
    expect(await newest()).to.deep.include({
      action: 'backup.delete',
      object: { type: 'backup', id: other.backup.id, name: other.backup.name },
      details: { query: { force: 'true' } },
    });
  });

  it('has who signed in and who could not, and what somebody was refused', async () => {
    const secret = await api.token(ada.account, ['backups:read']);
    const signIn = (token: string) => api.request('POST', '/api/session', { body: { token } });
    const { headers, json } = await signIn(secret);
    const { id } = json['token'] as { id: string };
    const actor = { type: 'token', id, name: 'test' };
    expect(await newest()).to.deep.include({ action: 'session.create', outcome: 'done', actor, details: {} });
    const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const path = `/api/databases/${ada.database.id}`;
    await api.request('DELETE', path, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    const refused = { action: 'database.delete', outcome: 'refused', actor };
    expect(await newest(), 'without the scope').to.deep.include({
      ...refused,
      object: { type: 'database', id: ada.database.id, name: null },
    });
    await api.request('DELETE', '/api/session', { headers: { cookie, 'sec-fetch-site': 'cross-site' } });
    expect(await newest(), 'from another site').to.deep.include({ ...refused, action: 'session.delete' });
    await send('DELETE', `/api/tokens/${id}`);
    await signIn(secret);
    expect(await newest(), 'with a revoked token').to.deep.include({ ...refused, action: 'session.create' });
    await signIn('wrong');
    const { audit } = api.deps.persistence;
    const [unknown] = await audit.list(null, { before: null, action: null, objectId: null, limit: 1 });
    expect(unknown).to.deep.include({ action: 'session.create', outcome: 'refused', address: '127.0.0.1' });
  });

  it('has no secret in it, whatever requests carry', async () => {
    const secrets = ['Sup3rS3cret', 'AKIASECRETKEY', 'hunter-2222', 'wh-secret-url'];
    const [password = '', key = '', other = '', url = ''] = secrets;
    const fields = { type: 'postgresql', host: 'db.example.com', user: 'app', password };
    await send('POST', '/api/databases', { body: { database: { name: 'secretive', ...fields } } });
    await send('PATCH', '/api/databases/secretive', { body: { database: { password: other } } });
    const bucket = { ...s3, label: 'S3', type: 'custom_s3', access_key: key, secret_key: other, endpoint: s3.endpoint };
    await send('POST', '/api/backup-destinations', { body: bucket });
    await send('POST', '/api/server-policies', {
      body: { server_policy: { name: 'all', cron: '0 3 * * *', ...fields } },
    });
    const made = await send('POST', '/api/tokens', { body: { token: { name: 'ci', scopes: ['admin'] } } });
    const { token } = made.json['token'] as { token: string };
    await api.request('POST', '/api/session', { body: { token } });
    await send('POST', '/api/notification-channels', {
      body: { name: 'hook', type: 'webhook', url: `https://hooks.example.com/${url}` },
    });
    const rows = JSON.stringify([
      await api.own.query('select * from holdfast.audit_log'),
      await api.own.query('select * from holdfast.audit_intents'),
    ]);
    expect(rows).to.include('secretive').and.include('token.create');
    for (const secret of [...secrets, token.slice(3), databasePassword, admin.slice(3)]) {
      expect(rows).to.not.include(secret);
    }
  });

  it('has nothing of what was not done, and what failed as failed', async () => {
    const before = (await newest()).position;
    await send('POST', '/api/tokens', { body: { token: { name: '' } } });
    await send('DELETE', '/api/databases/none');
    expect((await newest()).position).to.equal(before);
    const { accounts } = api.deps.persistence;
    const whole = accounts.createToken.bind(accounts);
    accounts.createToken = async () => Promise.reject(new Error('broken'));
    const answer = await send('POST', '/api/tokens', { body: { token: { name: 'x', scopes: ['admin'] } } });
    accounts.createToken = whole;
    expect(answer.status).to.equal(500);
    expect(await newest()).to.deep.include({ action: 'token.create', outcome: 'failed' });
  });

  it('is told before anything is done, and what cannot be told is not done', async () => {
    const { audit, accounts } = api.deps.persistence;
    const replaced = async (fake: Partial<AuditRepository>, act: () => Promise<void>): Promise<void> => {
      const own = { begin: audit.begin.bind(audit), end: audit.end.bind(audit) };
      Object.assign(audit, fake);
      await act().finally(() => Object.assign(audit, own));
    };
    const tokens = async () => (await accounts.listTokens(ada.account.id)).length;
    const count = await tokens();
    const make = (name: string) => send('POST', '/api/tokens', { body: { token: { name, scopes: ['admin'] } } });
    await replaced({ begin: () => Promise.reject(new Error('away')) }, async () => {
      expect((await make('untold')).status).to.equal(500);
    });
    expect(await tokens()).to.equal(count);
    // As when the process ends in between.
    await replaced({ end: () => Promise.reject(new Error('away')) }, async () => {
      expect((await make('half')).status).to.equal(201);
    });
    await api.own.query(`update holdfast.audit_intents set begun_at = now() - interval '1 hour'`);
    const [found] = await entries('?action=token.create&limit=1');
    expect(found).to.deep.include({ outcome: 'unknown', object: { type: 'token', id: null, name: null } });
    expect(found?.details['changed']).to.deep.include({ name: { to: 'half' } });
  });

  it('is verified over HTTP, for each account its own', async () => {
    const verify = async () => (await send('GET', '/api/audit/verification')).json;
    const whole = await verify();
    expect(whole).to.deep.include({ ok: true, broken_at: null, head: (await newest()).hash });
    const eve = await api.tenant('eve');
    const theirs = await api.token(eve.account, ['admin']);
    expect(await entries('', theirs)).to.deep.equal([]);
    await api.own.query('alter table holdfast.audit_log disable trigger all');
    await api.own.query(
      `update holdfast.audit_log set actor_name = 'nobody' where chain = ${ada.account.id} and position = 2`,
    );
    await api.own.query('alter table holdfast.audit_log enable always trigger audit_log_chain');
    expect(await verify()).to.deep.include({
      ok: false,
      entries: 1,
      broken_at: { position: 2, problem: 'Entry 2 was changed after it was written.' },
    });
  });
});
