import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('the protection that the API tells of', () => {
  let api: TestApi;
  let tenant: Tenant;

  before(async () => {
    api = await openApi();
    tenant = await api.tenant('guarded');
  });
  after(() => api.stop());

  const path = (): string => `/api/databases/${tenant.database.id}`;
  const get = async (at: string) => await api.request('GET', at, { token: tenant.token });
  const patch = async (database: object) =>
    await api.request('PATCH', path(), { token: tenant.token, body: { database } });

  interface Shown {
    state: string;
    reasons: { code: string; message: string; action: string }[];
    objectives: Record<string, unknown>;
    newest_good: { backup_id: string; age_seconds: number } | null;
  }
  const protection = async (): Promise<Shown> => (await get(`${path()}/protection`)).json['protection'] as Shown;

  it('names services that were never heard, and is over as soon as they are', async () => {
    const schedule = await api.request('POST', `${path()}/schedules`, {
      token: tenant.token,
      body: { cron: '0 3 * * *' },
    });
    expect(schedule.status).to.equal(201);
    const { backup } = await api.doneBackup(tenant.database);
    const silent = await protection();
    expect([silent.state, silent.reasons.map(({ code }) => code)]).to.deep.equal([
      'at_risk',
      ['scheduler_silent', 'worker_silent'],
    ]);
    for (const service of ['scheduler', 'worker', 'sentinel'] as const) {
      await api.deps.persistence.services.beat({ service, instance: 'a', version: '1' });
    }
    const { state, reasons, newest_good: newest } = await protection();
    expect([state, reasons, newest?.backup_id]).to.deep.equal(['protected', [], backup.id]);
    const all = (await get('/api/protection')).json as {
      summary: object;
      services: { service: string; state: string }[];
      databases: (Shown & { database: { id: string } })[];
    };
    expect(all.summary).to.deep.equal({ protected: 1, at_risk: 0, unprotected: 0, unknown: 0 });
    expect(all.services.filter(({ state }) => state === 'silent').map(({ service }) => service)).to.deep.equal(['api']);
    expect(all.databases.map(({ database, state }) => [database.id, state])).to.deep.equal([
      [tenant.database.id, 'protected'],
    ]);
  });

  it('is judged by the objectives of the registration, which can be set, shown and taken back', async () => {
    const objectives = { rpo_seconds: 60, level: 'restorable', rto_seconds: 3600 };
    const changed = (await patch({ objectives })).json['database'] as { objectives: object };
    expect(changed.objectives).to.deep.equal(objectives);
    const asked = await protection();
    expect(asked.objectives).to.deep.equal({ ...objectives, source: 'set' });
    expect([asked.state, asked.reasons[0]?.code]).to.deep.equal(['unprotected', 'level_not_reached']);
    expect(((await patch({ user: 'other' })).json['database'] as { objectives: object }).objectives).to.deep.equal(
      objectives,
    );
    for (const none of [{}, null]) {
      expect((await patch({ objectives: none })).json['database']).to.include({ objectives: null });
    }
    expect((await protection()).objectives).to.include({ source: 'schedule' });
  });

  it('refuses objectives that mean nothing, by their fields', async () => {
    for (const wrong of [
      { rpo_seconds: 59 },
      { rto_seconds: 1e12 },
      { level: 'best' },
      { rpo: 60 },
      { rpo_seconds: 1.5 },
    ]) {
      const answer = await patch({ objectives: wrong });
      expect(answer.status, JSON.stringify(wrong)).to.equal(422);
      expect(answer.text).to.contain('objectives');
    }
  });

  it('comes with a calendar of what was and what is planned, within bounds', async () => {
    const { slots, complete } = (await get('/api/calendar')).json as {
      slots: { status: string; database_id: string; scheduled_for: string }[];
      complete: boolean;
    };
    expect(complete).to.equal(true);
    expect(slots.length).to.be.greaterThan(5);
    expect(new Set(slots.map((slot) => `${slot.status} ${slot.database_id}`))).to.deep.equal(
      new Set([`planned ${tenant.database.id}`]),
    );
    const [first, second] = slots;
    const range = `?from=${first?.scheduled_for}&to=${second?.scheduled_for}`;
    expect((await get(`/api/calendar${range}`)).json['slots']).to.deep.equal([first]);
    for (const bad of [
      '?from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z',
      '?from=2027-01-01T00:00:00Z&to=2026-06-01T00:00:00Z',
      '?to=soon',
    ]) {
      expect((await get(`/api/calendar${bad}`)).status, bad).to.equal(422);
    }
  });

  it('leaves an alert open that somebody acknowledged, under the name of the first who did', async () => {
    const { backup } = await api.doneBackup(tenant.database);
    const { backups, alerts } = api.deps.persistence;
    await backups.markDamaged(backup.id, { state: 'missing', detail: 'x' });
    await alerts.update();
    const open = async () => ((await get('/api/alerts')).json['alerts'] as Record<string, unknown>[])[0];
    const alert = await open();
    expect(alert).to.include({ kind: 'backup_damaged', severity: 'critical', acknowledged_at: null });
    const acknowledge = () =>
      api.request('POST', `/api/alerts/${String(alert?.['id'])}/acknowledge`, { token: tenant.token });
    const first = await acknowledge();
    expect(first.json['alert']).to.include({ cleared_at: null, acknowledged_by: 'test' });
    expect((await acknowledge()).json).to.deep.equal(first.json);
    await alerts.update();
    expect(await open(), 'it stays open').to.include({ id: alert?.['id'], acknowledged_by: 'test', cleared_at: null });
    await backups.requestDeletion(tenant.account.id, backup.id, { graceSeconds: 60 });
    await alerts.update();
    expect(await open(), 'it ends with what it tells of').to.equal(undefined);
  });
});
