import { expect } from 'chai';
import { systemIds } from '@holdfast/shared/lifecycle';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const token = 'Bearer the-token-of-the-hook';
const http = { type: 'http', url: 'http://192.0.2.7/hook?key=in-the-query', headers: { Authorization: token } };
const command = { type: 'command', command: 'freeze', arguments: ['a b'], timeout_seconds: 5 };

describe('database dialect: hooks', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi({ HOLDFAST_HOOKS: '/srv/hooks', HOLDFAST_HOOK_SECONDS: '120' });
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const change = (hooks: unknown, on: TestApi = api, of: Tenant = ada) =>
    on.request('PATCH', `/api/databases/${of.database.id}`, { token: of.token, body: { database: { hooks } } });
  const stored = async () => (await api.deps.persistence.databases.find(ada.database.id))?.hooks ?? null;
  const shown = (json: Record<string, unknown>) => (json['database'] as Record<string, unknown>)['hooks'];

  it('are kept with their secrets sealed, and shown without them', async () => {
    const { status, json } = await change({ before: [command], after: [http] });
    expect(status, JSON.stringify(json)).to.equal(200);
    expect(shown(json)).to.deep.equal({
      before: [{ type: 'command', command: 'freeze', arguments: ['a b'], timeout_seconds: 5 }],
      after: [
        {
          type: 'http',
          method: 'POST',
          url: 'http://192.0.2.7/hook?…',
          headers: { Authorization: '***' },
          timeout_seconds: 60,
        },
      ],
    });
    const hooks = await stored();
    expect(hooks?.before).to.deep.equal([
      { type: 'command', command: 'freeze', arguments: ['a b'], timeoutSeconds: 5 },
    ]);
    const [kept] = hooks?.after ?? [];
    expect(kept?.type === 'http' && kept.headers['Authorization']?.reveal()).to.equal(token);
    const row = await api.own.query('select hooks from holdfast.databases where hooks is not null');
    const everything = JSON.stringify([row, json]) + api.logged();
    for (const secret of ['the-token-of-the-hook', 'in-the-query']) expect(everything).not.to.contain(secret);
  });

  it('stay as they are when a change does not name them, are replaced as a whole, and are taken away by null', async () => {
    await change({ before: [command], after: [http] });
    const other = await api.request('PATCH', `/api/databases/${ada.database.id}`, {
      token: ada.token,
      body: { database: { user: 'other' } },
    });
    expect(shown(other.json)).to.have.property('before').with.length(1);
    expect(shown((await change({ after: [command] })).json)).to.deep.include({ before: [] });
    expect(shown((await change(null)).json)).to.equal(null);
    expect(await stored()).to.equal(null);
    expect(shown((await change({ before: [], after: [] })).json)).to.equal(null);
  });

  const wrong: [what: string, hooks: unknown, field: RegExp][] = [
    ['a path for a command', { before: [{ ...command, command: '../freeze' }] }, /before\.0\.command/],
    ['an option for a command', { before: [{ ...command, command: '-c' }] }, /before\.0\.command/],
    ['NUL in an argument', { before: [{ ...command, arguments: ['a\0b'] }] }, /before\.0\.arguments\.0/],
    ['a limit beyond the operator’s', { after: [{ ...command, timeout_seconds: 121 }] }, /after\.0\.timeout_seconds/],
    ['six of them', { before: Array.from({ length: 6 }, () => command) }, /before/],
    ['another protocol', { before: [{ ...http, url: 'ftp://example.com/' }] }, /before\.0\.url/],
    ['a user in the URL', { before: [{ ...http, url: 'https://me:it@example.com/' }] }, /before\.0\.url/],
    ['no URL', { before: [{ ...http, url: 'http://' }] }, /before\.0\.url/],
    ['a closed address', { before: [{ ...http, url: 'http://169.254.169.254/latest' }] }, /before\.0\.url/],
    ['a name of a closed address', { before: [{ ...http, url: 'http://localhost/' }] }, /before\.0\.url/],
    ['a header of the connection', { before: [{ ...http, headers: { Host: 'x' } }] }, /before\.0\.headers/],
    ['a header of two lines', { before: [{ ...http, headers: { A: 'x\r\nB: y' } }] }, /before\.0\.headers/],
    ['a header twice', { before: [{ ...http, headers: { a: 'x', A: 'y' } }] }, /before\.0\.headers/],
    ['another kind', { before: [{ type: 'shell', command: 'ls' }] }, /before\.0\.type/],
    ['what nobody knows', { during: [command] }, /hooks/],
  ];
  for (const [what, hooks, field] of wrong) {
    it(`are refused with ${what}`, async () => {
      const { status, json } = await change(hooks);
      expect(status, JSON.stringify(json)).to.equal(422);
      expect(Object.keys(json['errors'] as object).join()).to.match(field);
      expect(JSON.stringify(json)).not.to.contain(token);
    });
  }

  it('that are commands are refused where the operator allows none', async () => {
    const closed = await openApi();
    const eve = await closed.tenant('eve');
    const { status, json } = await change({ before: [command] }, closed, eve);
    expect([status, JSON.stringify(json)]).to.have.property('0', 422);
    expect(JSON.stringify(json)).to.contain('HOLDFAST_HOOKS');
    await closed.stop();
  });

  it('are refused for a database of a remote server', async () => {
    const created = await api.deps.persistence.servers.create(ada.account.id, `node ${systemIds.uuid()}`);
    const serverId = created === 'name_taken' ? 0 : created.server.id;
    const { status, json } = await api.request('POST', '/api/databases', {
      token: ada.token,
      body: { database: { name: 'site', type: 'files', server_id: serverId, hooks: { before: [command] } } },
    });
    expect([status, Object.keys(json['errors'] as object)]).to.deep.equal([422, ['hooks']]);
  });

  it('show what they did beside the backup', async () => {
    const { backup } = await api.doneBackup(ada.database);
    const { hooks } = api.deps.persistence;
    const run = { backupId: backup.id, attempt: 1, phase: 'before', position: 0, name: 'freeze', worker: 'w' } as const;
    const id = systemIds.uuid();
    await hooks.began({ ...run, id });
    await hooks.ended(id, {
      outcome: 'failed',
      exitCode: 3,
      httpStatus: null,
      problem: 'exited with 3',
      output: 'a\0b',
    });
    await hooks.began({ ...run, id: systemIds.uuid(), phase: 'after', name: 'thaw' });
    const path = `/api/databases/${ada.database.id}/backups/${backup.id}/hooks`;
    const { status, json } = await api.request('GET', path, { token: ada.token });
    expect(status).to.equal(200);
    const [first, second] = json['hooks'] as Record<string, unknown>[];
    expect(first).to.include({ phase: 'before', name: 'freeze', outcome: 'failed', exit_code: 3, output: 'ab' });
    expect(second).to.include({ phase: 'after', name: 'thaw', outcome: null, ended_at: null });
  });
});
