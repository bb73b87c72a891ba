import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

interface Slots {
  slots: Record<string, unknown>[];
  next: Record<string, unknown>[];
}

describe('database dialect: slots of a schedule', () => {
  let api: TestApi;
  let ada: Tenant;
  let path: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    const schedules = `/api/databases/${ada.database.name}/schedules`;
    const body = { cron: '0 * * * *', catch_up: 'all', catch_up_grace_seconds: 5, overlap: 'queue' };
    const made = await api.request('POST', schedules, { token: ada.token, body });
    expect(made.json['schedule']).to.deep.include({ catch_up_grace_seconds: 5 });
    const { id } = made.json['schedule'] as { id: string };
    path = `${schedules}/${id}/slots`;
  });
  after(() => api.stop());

  const get = async (query = ''): Promise<Slots> => {
    const { status, json, text } = await api.request('GET', `${path}${query}`, { token: ada.token });
    expect(status, text).to.equal(200);
    return json as unknown as Slots;
  };

  it('are the next ten as soon as there is a schedule', async () => {
    const { slots, next } = await get();
    expect(slots).to.deep.equal([]);
    expect(next).to.have.length(10);
    const times = next.map(({ scheduled_for: at }) => Date.parse(String(at)));
    expect(times).to.deep.equal(times.map((_, index) => (times[0] ?? 0) + index * 3_600_000));
    expect(next[0]).to.deep.include({ status: 'planned', reason: null, covers: 1, backup_id: null, ended_at: null });
  });

  it('are told with their backups once they were due, page by page, also when the schedule is off', async () => {
    await api.own.query(
      `update holdfast.slots set scheduled_for = scheduled_for - interval '1 day', run_at = run_at - interval '1 day'`,
    );
    const taken = await api.deps.persistence.schedules.takeDue(10, 3);
    expect(taken.length).to.be.at.least(20);
    await api.request('PATCH', path.replace('/slots', ''), { token: ada.token, body: { enabled: false } });
    const { slots, next } = await get('?limit=3');
    expect(next).to.deep.equal([]);
    expect(slots.map(({ backup_id: id }) => id)).to.deep.equal(
      taken
        .map(({ backupId }) => backupId)
        .toReversed()
        .slice(0, 3),
    );
    expect(slots[0]).to.deep.include({ status: 'running', ended_at: null });
    const more = await get(`?limit=2&before=${String(slots[1]?.['scheduled_for'])}`);
    expect(more.slots[0]).to.deep.equal(slots[2]);
    expect(more.slots).to.have.length(2);
  });

  it('refuse what is no page, by its field', async () => {
    for (const [field, query] of [
      ['limit', '?limit=0'],
      ['limit', '?limit=1001'],
      ['before', '?before=yesterday'],
      ['before', '?before=2026-13-45T00:00:00Z'],
    ]) {
      const { status, json } = await api.request('GET', `${path}${query}`, { token: ada.token });
      expect([status, Object.keys(json['errors'] ?? {})], query).to.deep.equal([422, [field]]);
    }
  });
});
