import { expect } from 'chai';
import { databasePassword, openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: databases', () => {
  let api: TestApi;
  let ada: Tenant;
  const fields = {
    name: 'shop',
    type: 'postgresql',
    host: 'db.example.com',
    port: 5432,
    user: 'app',
    password: databasePassword,
  };

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const register = (change: Record<string, unknown>) =>
    api.request('POST', '/api/databases', { token: ada.token, body: { database: { ...fields, ...change } } });
  const change = (body: unknown, method = 'PATCH') =>
    api.request(method, '/api/databases/shop', { token: ada.token, body });
  const errors = (json: Record<string, unknown>) => json['errors'] as Record<string, string[]>;

  it("registers a database with the account's oldest destination, its own name and the usual port as defaults", async () => {
    const { status, json } = await register({ port: undefined, options: { sslmode: 'verify-full' } });
    expect(status, JSON.stringify(json)).to.equal(201);
    const { id, created_at: _created, updated_at: _updated, ...shown } = json['database'] as Record<string, unknown>;
    expect(shown).to.deep.equal({
      name: 'shop',
      type: 'postgresql',
      server_id: null,
      host: 'db.example.com',
      port: 5432,
      user: 'app',
      database: 'shop',
      options: { sslmode: 'verify-full' },
      hooks: null,
      objectives: null,
      policy_id: null,
      vanished_at: null,
      vanish_expected: null,
      destination_id: ada.destination.id,
      periodic_backups_enabled: false,
      periodic_backups_scheduled_at: [],
    });
    const byName = await api.request('GET', '/api/databases/shop', { token: ada.token });
    const byId = await api.request('GET', `/api/databases/${String(id)}`, { token: ada.token });
    expect([byName.json, byId.json]).to.deep.equal([json, json]);
    const list = await api.request('GET', '/api/databases', { token: ada.token });
    expect(list.json['databases']).to.deep.include(json['database']);
    expect((await api.deps.persistence.databases.find(String(id)))?.password?.reveal()).to.equal(databasePassword);
  });

  it('refuses a name twice', async () => {
    const { status, json } = await register({});
    expect([status, json]).to.deep.equal([
      422,
      { errors: { name: ['The name field is the name of another database of this account.'] } },
    ]);
  });

  it('names every field that is wrong, in a sentence', async () => {
    const { status, json } = await api.request('POST', '/api/databases', { token: ada.token, body: { database: {} } });
    expect(status).to.equal(422);
    expect(json).to.deep.equal({
      errors: {
        name: ['The name field is required.'],
        type: ['The type field is required.'],
        host: ['The host field is required.'],
        user: ['The user field is required.'],
      },
    });
    for (const body of [{}, { database: 1 }, { database: null }]) {
      const answer = await api.request('POST', '/api/databases', { token: ada.token, body });
      expect([answer.status, Object.keys(errors(answer.json))], JSON.stringify(body)).to.deep.equal([
        422,
        ['database'],
      ]);
    }
  });

  const wrong: [field: string, values: unknown[]][] = [
    ['name', ['', 'x'.repeat(64), 'a/b', '..', ' a', 'a\u0000b', '\ud800', 5, '0199c0de-0000-7000-8000-000000000000']],
    ['type', ['oracle', '', null]],
    [
      'host',
      [
        '',
        '-x',
        '--host=y',
        '/tmp',
        'a b',
        'a,b',
        'a\nb',
        'http://x',
        'user@x',
        'x:5432',
        'x?y',
        '2852039166',
        '0xa9fea9fe',
      ].concat(
        ['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1', 'fe80::1%eth0', '[::1]', 'fd00:ec2::254', '0.0.0.0'],
        [
          'metadata.google.internal',
          'Metadata.Google.Internal.',
          '0251.0376.0251.0376',
          'x..y',
          'é.example.com',
          'x'.repeat(254),
        ],
      ),
    ],
    ['port', [0, 65_536, 1.5, '5432', null]],
    ['user', ['', 'x'.repeat(64), 'a\u0000']],
    ['password', ['a\u0000b', 5, 'x'.repeat(1025)]],
    ['database', ['', '-d', 'a=b', 'postgres://x/y', 'postgresql://x/y', 'x'.repeat(64)]],
    ['destination_id', [0, -1, 1.5, '1', 2_147_483_648, 999_999]],
  ];
  for (const [field, values] of wrong) {
    it(`refuses a ${field} that is wrong or dangerous`, async () => {
      for (const value of values) {
        const { status, json } = await register({ name: `other-${field}`, [field]: value });
        expect([status, Object.keys(errors(json) ?? {})], JSON.stringify(value)).to.deep.equal([422, [field]]);
      }
    });
  }

  it('refuses options that it does not know, and certificates that are none', async () => {
    for (const options of [
      { sslmode: 'off' },
      { ca: 'x' },
      { ca: '-----BEGIN CERTIFICATE-----' },
      { sslkey: '/etc/x' },
      [],
    ]) {
      const { status } = await register({ name: 'other', options });
      expect(status, JSON.stringify(options)).to.equal(422);
    }
  });

  it('takes which part is backed up, and refuses what names nothing or does not go together', async () => {
    const part = {
      include: { schemas: ['app*', '"Odd one"'] },
      exclude: { tables: ['app.log_*'], table_data: ['app."Big"'] },
    };
    const { status, json } = await register({ name: 'partly', options: part });
    expect([status, (json['database'] as Record<string, unknown>)['options']]).to.deep.equal([201, part]);
    const wrong: [unknown, string, string][] = [
      [{ include: {} }, 'options.include', 'name something'],
      [{ include: { schemas: [] } }, 'options.include.schemas', '1'],
      [{ include: { schemas: ['a'], tables: ['a.b'] } }, 'options.include', 'not both'],
      [{ include: { tables: ['b'] } }, 'options.include.tables.0', 'schema.table'],
      [{ exclude: { tables: ['--help'] } }, 'options.exclude.tables.0', 'schema.table'],
      [{ exclude: { schemas: ['a b'] } }, 'options.exclude.schemas.0', 'as SQL writes it'],
      [
        { include: { tables: ['a.b'] }, exclude: { schemas: ['a'] } },
        'options',
        'exclude.schemas beside include.tables',
      ],
    ];
    for (const [options, field, reason] of wrong) {
      const answer = await register({ name: 'wrong', options });
      expect([answer.status, Object.keys(errors(answer.json))], JSON.stringify(options)).to.deep.equal([422, [field]]);
      expect(errors(answer.json)[field]?.[0]).to.contain(reason);
    }
    const mysql = await register({ name: 'wrong', type: 'mysql', options: part });
    expect([mysql.status, errors(mysql.json)['options']?.length]).to.deep.equal([422, 2]);
  });

  it('takes an option of one kind of database for no other kind, when it is registered or its kind is changed', async () => {
    const options = { globals: true, globals_passwords: true };
    const { status, json } = await register({ name: 'hashes', options });
    expect([status, (json['database'] as Record<string, unknown>)['options']]).to.deep.equal([201, options]);
    const reason = 'must not hold globals_passwords when type is mysql: it belongs to postgresql';
    const other = await register({ name: 'other', type: 'mysql', options });
    expect([other.status, errors(other.json)['options']?.join()]).to.deep.equal([422, `The options field ${reason}.`]);
    const body = { database: { type: 'mysql' } };
    const changed = await api.request('PATCH', '/api/databases/hashes', { token: ada.token, body });
    expect([changed.status, errors(changed.json)['options']?.join()]).to.deep.equal([
      422,
      `The options field ${reason}.`,
    ]);
  });

  it('says how to make a destination when the account has none', async () => {
    const account = await api.deps.persistence.accounts.create('empty');
    const token = await api.token(account, ['databases:write']);
    const { status, json } = await api.request('POST', '/api/databases', { token, body: { database: fields } });
    expect(status).to.equal(422);
    expect(errors(json)['destination_id']?.[0]).to.include('POST /api/backup-destinations');
  });

  it('changes what is given and leaves the rest, by PATCH and PUT', async () => {
    for (const method of ['PATCH', 'PUT']) {
      const { status, json } = await change({ database: { user: `user-${method}` } }, method);
      expect(status).to.equal(200);
      expect(json['database']).to.include({ user: `user-${method}`, host: 'db.example.com', database: 'shop' });
      expect(json['database']).to.have.deep.property('options', { sslmode: 'verify-full' });
    }
    const kept = await api.deps.persistence.databases.findOwned(ada.account.id, 'shop');
    expect(kept?.password?.reveal()).to.equal(databasePassword);
  });

  it('asks for the password again when it would go to another server', async () => {
    for (const moved of [{ host: 'other.example.com' }, { port: 5433 }]) {
      const { status, json } = await change({ database: moved });
      expect([status, json]).to.deep.equal([
        422,
        { errors: { password: ['The password field is required when host or port change.'] } },
      ]);
    }
    const { status } = await change({ database: { port: 5433, password: databasePassword } });
    expect(status).to.equal(200);
  });

  it('shows and edits one schedule as periodic_backups_*, taking an hour or a list of them', async () => {
    const { id } = (await change({ database: {} })).json['database'] as { id: string };
    const periodic = async (body: unknown) => {
      const { status, json } = await change({ database: body });
      expect(status, JSON.stringify(json)).to.equal(200);
      const shown = json['database'] as Record<string, unknown>;
      return [shown['periodic_backups_enabled'], shown['periodic_backups_scheduled_at']];
    };
    expect(await periodic({ periodic_backups_enabled: true, periodic_backups_scheduled_at: 4 })).to.deep.equal([
      true,
      [4],
    ]);
    expect(await periodic({ periodic_backups_scheduled_at: [23, 0, 12, 0] })).to.deep.equal([true, [0, 12, 23]]);
    const schedules = await api.deps.persistence.schedules.list(id);
    expect(
      schedules.map(({ cron, timezone, enabled, isPeriodicSetting }) => [cron, timezone, enabled, isPeriodicSetting]),
    ).to.deep.equal([['0 0,12,23 * * *', 'UTC', true, true]]);
    expect(await periodic({ periodic_backups_enabled: false })).to.deep.equal([false, [0, 12, 23]]);
    for (const hours of [24, -1, 1.5, '3', [], [24], ['3'], null, {}]) {
      const { status, json } = await change({ database: { periodic_backups_scheduled_at: hours } });
      expect(status, JSON.stringify(hours)).to.equal(422);
      expect(Object.keys(errors(json))[0]).to.match(/^periodic_backups_scheduled_at(\.0)?$/);
    }
  });

  it('makes one periodic setting of two requests at once', async () => {
    await register({ name: 'raced' });
    const enable = { database: { periodic_backups_enabled: true } };
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => api.request('PATCH', '/api/databases/raced', { token: ada.token, body: enable })),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    const [first] = answers;
    const { id } = (first?.json['database'] ?? {}) as { id: string };
    expect(await api.deps.persistence.schedules.list(id)).to.have.length(1);
  });

  it('keeps its kind while it has backups, which restore to that kind alone', async () => {
    const { database, token } = await api.tenant('kept');
    const turn = (type: string) =>
      api.request('PATCH', `/api/databases/${database.id}`, { token, body: { database: { type } } });
    expect((await turn('mariadb')).status).to.equal(200);
    expect((await turn('postgresql')).status).to.equal(200);
    await api.doneBackup(database);
    const { status, json } = await turn('mysql');
    expect(status).to.equal(409);
    expect(json['error']).to.include('backups of the kind "postgresql"');
    expect((await turn('postgresql')).status).to.equal(200);
  });

  it('forgets a database without backups with 204, and answers 409 with their number while it has some', async () => {
    const { database, token } = await api.tenant('full');
    await api.doneBackup(database);
    const refused = await api.request('DELETE', `/api/databases/${database.id}`, { token });
    expect([refused.status, refused.json]).to.deep.equal([409, { error: 'This database still has 1 backup.' }]);
    const removed = await api.request('DELETE', '/api/databases/shop', { token: ada.token });
    expect([removed.status, removed.text]).to.deep.equal([204, '']);
    expect((await api.request('GET', '/api/databases/shop', { token: ada.token })).status).to.equal(404);
  });

  it('says what else keeps a database from being forgotten: restores, former content, verifications, schedules', async () => {
    const { persistence } = api.deps;
    const { account, database, token } = await api.tenant('busy');
    const target = await persistence.databases.create(account.id, { ...database, name: 'target' });
    if (target === 'name_taken') throw new Error('The name of the test database is taken.');
    const { backup } = await api.doneBackup(database);
    const remove = async () => (await api.request('DELETE', `/api/databases/${target.id}`, { token })).json['error'];
    const schedule = { cron: '0 3 * * *', verification: { level: 'restorable', scratch_database_id: target.id } };
    const { json } = await api.request('POST', `/api/databases/${database.id}/schedules`, { token, body: schedule });
    expect(await remove()).to.equal('This database still is the scratch server of 1 schedule of other databases.');
    const scheduleId = String((json['schedule'] as Record<string, unknown>)['id']);
    await persistence.schedules.delete(account.id, scheduleId);
    const path = `/api/databases/${database.id}/backups/${backup.id}`;
    const verification = { level: 'restorable', scratch_database_id: target.id };
    await api.request('POST', `${path}/verifications`, { token, body: { verification } });
    const made = await api.request('POST', `${path}/restore`, { token, body: { target: { database_id: target.id } } });
    expect(await remove()).to.equal(
      'This database still is the target of 1 restore, is the scratch server of 1 verification.',
    );
    const [waiting] = await persistence.verifications.listOfBackup(backup.id);
    await persistence.verifications.requestCancel(String(waiting?.id));
    const restoreId = String(made.json['id']);
    await persistence.restores.claim(restoreId, { worker: 'test', seconds: 60 });
    await persistence.restores.settle(restoreId, 1, 'restored', 10, 'kept');
    expect(await remove()).to.equal('This database still has former content on its server, kept by 1 restore.');
  });

  it('tests a connection: what the server is, or in words what is wrong', async () => {
    const { own } = api;
    const real = {
      name: 'real',
      host: own.host,
      port: own.port,
      user: own.user,
      password: own.password,
      database: own.name,
    };
    expect((await register(real)).status).to.equal(201);
    const good = await api.request('POST', '/api/databases/real/test', { token: ada.token });
    expect(good.status, good.text).to.equal(200);
    const report = good.json['database_test'] as Record<string, unknown>;
    expect(report, good.text).to.include({ ok: true, error: null });
    expect(report['server_version']).to.match(/^15\./);
    expect(report['size_bytes']).to.be.greaterThan(0);
    expect(report['missing_privileges']).to.deep.equal([]);
    await api.request('PATCH', '/api/databases/real', { token: ada.token, body: { database: { password: 'wrong' } } });
    const bad = await api.request('POST', '/api/databases/real/test', { token: ada.token });
    expect(bad.status).to.equal(200);
    expect(bad.json['database_test']).to.include({ ok: false });
    expect(bad.json['database_test']).to.have.nested.property('error.code', 'auth_failed');
  });

  it('never shows a password, in an answer or in the log', async () => {
    const answers = [
      await register({ name: 'secretive', options: { password: databasePassword } }),
      await register({ name: 'secretive', host: 'a b' }),
      await register({ name: 'secretive' }),
      await api.request('GET', '/api/databases', { token: ada.token }),
      await api.request('POST', '/api/databases', {
        token: ada.token,
        raw: `{"database":{"password":"${databasePassword}"`,
      }),
      await api.request('POST', '/api/databases', { token: ada.token, raw: `{"password": ${databasePassword}}` }),
      await api.request('POST', '/api/databases/ada-db/test', { token: ada.token }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([422, 422, 201, 200, 400, 400, 200]);
    for (const { text } of answers) expect(text).to.not.include('must-not-be-seen');
    expect(api.logged()).to.not.include('must-not-be-seen').and.not.include(ada.token);
  });
});
