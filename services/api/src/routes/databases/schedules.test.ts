import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: schedules', () => {
  let api: TestApi;
  let ada: Tenant;
  let path: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    path = `/api/databases/${ada.database.name}/schedules`;
  });
  after(() => api.stop());

  const create = (body: unknown) => api.request('POST', path, { token: ada.token, body });

  it('adds, shows, lists, changes and removes a schedule', async () => {
    const noRules = { keep_days: null, hourly: null, weekly: null, monthly: null, yearly: null, minimum: null };
    const retention = { ...noRules, keep_last: 7, daily: 14 };
    const made = await create({ cron: '30 2 * * 1-5', timezone: 'Europe/Paris', retention, jitter_seconds: 60 });
    expect(made.status, made.text).to.equal(201);
    const schedule = made.json['schedule'] as Record<string, unknown>;
    expect(schedule).to.deep.include({
      database_id: ada.database.id,
      cron: '30 2 * * 1-5',
      timezone: 'Europe/Paris',
      retention,
      destination_id: null,
      enabled: true,
      catch_up: 'once',
      overlap: 'skip',
      catch_up_grace_seconds: 60,
      jitter_seconds: 60,
    });
    expect(schedule['next_run_at']).to.match(/\.\d{3}Z$/);
    const own = `${path}/${String(schedule['id'])}`;
    expect((await api.request('GET', own, { token: ada.token })).json).to.deep.equal(made.json);
    expect((await api.request('GET', path, { token: ada.token })).json).to.deep.equal({ schedules: [schedule] });
    const changed = await api.request('PATCH', own, {
      token: ada.token,
      body: { enabled: false, retention: { keep_days: 3 } },
    });
    expect(changed.status).to.equal(200);
    expect(changed.json['schedule']).to.deep.include({
      cron: '30 2 * * 1-5',
      enabled: false,
      retention: { ...noRules, keep_last: null, keep_days: 3, daily: null },
      jitter_seconds: 60,
      next_run_at: null,
    });
    expect((await api.request('DELETE', own, { token: ada.token })).status).to.equal(204);
    expect((await api.request('GET', own, { token: ada.token })).status).to.equal(404);
  });

  it('refuses what would never run or keep nothing, by field', async () => {
    const wrong: [string, Record<string, unknown>][] = [
      ['cron', { cron: 'soon' }],
      ['cron', { cron: '0 0 30 2 *' }],
      ['cron', { cron: '0 0 3 1 1 * 2020' }],
      ['cron', { cron: '' }],
      ['cron', {}],
      ['timezone', { cron: '0 3 * * *', timezone: 'Mars/Olympus' }],
      ['retention.keep_last', { cron: '0 3 * * *', retention: { keep_last: 0 } }],
      ['retention.keep_days', { cron: '0 3 * * *', retention: { keep_days: -1 } }],
      ['retention', { cron: '0 3 * * *', retention: { keep_all: 1 } }],
      ['destination_id', { cron: '0 3 * * *', destination_id: 999_999 }],
      ['overlap', { cron: '0 3 * * *', overlap: 'kill' }],
      ['catch_up_grace_seconds', { cron: '0 3 * * *', catch_up_grace_seconds: 86_401 }],
      ['jitter_seconds', { cron: '0 3 * * *', jitter_seconds: -1 }],
      ['enabled', { cron: '0 3 * * *', enabled: 'yes' }],
    ];
    for (const [field, body] of wrong) {
      const { status, json } = await create(body);
      expect([status, Object.keys(json['errors'] ?? {})], JSON.stringify(body)).to.deep.equal([422, [field]]);
    }
  });

  it('checks a changed time zone together with the cron expression that stays', async () => {
    const made = await create({ cron: '0 3 * * *' });
    const own = `${path}/${(made.json['schedule'] as { id: string }).id}`;
    const { status, json } = await api.request('PATCH', own, { token: ada.token, body: { timezone: 'Nowhere' } });
    expect([status, Object.keys(json['errors'] ?? {})]).to.deep.equal([422, ['timezone']]);
  });

  it('can be switched off and on though its expression would be refused today', async () => {
    const made = await api.deps.persistence.schedules.create(ada.account.id, {
      databaseId: ada.database.id,
      destinationId: null,
      cron: '0 0 3 * * * *',
      timezone: 'UTC',
      retention: {},
      enabled: true,
      catchUp: 'once',
      overlap: 'skip',
      graceSeconds: 60,
      jitterSeconds: 0,
      isPeriodicSetting: false,
    });
    const own = `${path}/${made?.id}`;
    const patch = (body: unknown) => api.request('PATCH', own, { token: ada.token, body });
    expect((await patch({ enabled: false })).status).to.equal(200);
    expect((await patch({ timezone: 'Europe/Paris' })).status).to.equal(422);
    expect((await api.request('DELETE', own, { token: ada.token })).status).to.equal(204);
  });

  it('tells the next five times of an expression before a schedule is made of it', async () => {
    const times = (query: string) => api.request('GET', `/api/schedule-times?${query}`, { token: ada.token });
    const { status, json } = await times('cron=30%203%20*%20*%20*&timezone=Asia/Tokyo');
    expect([status, (json['times'] as string[]).map((time) => time.slice(10))]).to.deep.equal([
      200,
      Array(5).fill('T18:30:00.000Z'),
    ]);
    for (const [query, field] of [
      ['cron=61%20*%20*%20*%20*', 'cron'],
      ['cron=0%203%20*%20*%20*&timezone=Mars', 'timezone'],
      ['', 'cron'],
    ] as const) {
      const refused = await times(query);
      expect([refused.status, Object.keys(refused.json['errors'] as object)], query).to.deep.equal([422, [field]]);
    }
  });

  it("does not take another account's destination", async () => {
    const eve = await api.tenant('eve');
    const { status } = await create({ cron: '0 3 * * *', destination_id: eve.destination.id });
    expect(status).to.equal(422);
  });
});
