import type { Backup } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const day = 24 * 3_600_000;
const noRules = {
  keep_last: null,
  keep_days: null,
  hourly: null,
  daily: null,
  weekly: null,
  monthly: null,
  yearly: null,
  minimum: null,
};

interface Line {
  id: string;
  at: string;
  action: string;
  reasons: { code: string; message: string }[];
  expires_at: string | null;
}

describe('database dialect: retention', () => {
  let api: TestApi;
  let ada: Tenant;
  let path: string;
  let backups: Backup[];

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    const schedules = `/api/databases/${ada.database.id}/schedules`;
    const body = { cron: '0 3 * * *', timezone: 'Europe/Berlin', retention: { keep_last: 2, keep_days: null } };
    const made = await api.request('POST', schedules, { token: ada.token, body });
    const { id } = made.json['schedule'] as { id: string };
    path = `${schedules}/${id}`;
    backups = [];
    for (const days of [4, 3, 2, 1]) {
      const { backup } = await api.doneBackup(ada.database);
      const at = new Date(Date.now() - days * day).toISOString();
      await api.own.query(
        `update holdfast.backups set schedule_id = '${id}', scheduled_for = '${at}' where id = '${backup.id}'`,
        `update holdfast.backup_attempts set started_at = '${at}' where backup_id = '${backup.id}'`,
      );
      backups.push(backup);
    }
    await api.doneBackup(ada.database);
  });
  after(() => api.stop());

  const preview = (query = '') => api.request('GET', `${path}/retention/preview${query}`, { token: ada.token });
  const lines = async (query = ''): Promise<Line[]> => (await preview(query)).json['backups'] as Line[];
  const actions = async (query = ''): Promise<string[]> => (await lines(query)).map(({ action }) => action);

  it('shows what the policy would do with each backup of the schedule, and why', async () => {
    const { status, json } = await preview();
    expect(status).to.equal(200);
    expect(json['retention']).to.deep.equal({ ...noRules, keep_last: 2 });
    const shown = json['backups'] as Line[];
    expect(shown.map(({ id }) => id)).to.deep.equal(backups.toReversed().map(({ id }) => id));
    expect(shown.map(({ action }) => action)).to.deep.equal(['keep', 'keep', 'delete', 'delete']);
    expect(shown[1]?.reasons).to.deep.equal([{ code: 'keep_last', message: 'Good backup 2 of the last 2.' }]);
    expect(shown[3]?.reasons).to.deep.equal([{ code: 'superseded', message: 'No rule keeps it: the last 2.' }]);
  });

  it('tries the policy of the query instead, and changes nothing', async () => {
    expect(await actions('?daily=7')).to.deep.equal(['keep', 'keep', 'keep', 'keep']);
    expect(await actions('?keep_last=1&minimum=3')).to.deep.equal(['keep', 'keep', 'keep', 'delete']);
    const [, aged] = await lines('?keep_days=2');
    expect(Date.parse(aged?.expires_at ?? '') - Date.parse(aged?.at ?? '')).to.equal(2 * day);
    const schedule = (await api.request('GET', path, { token: ada.token })).json['schedule'];
    expect(schedule).to.deep.include({ retention: { ...noRules, keep_last: 2 } });
    expect(await actions()).to.deep.equal(['keep', 'keep', 'delete', 'delete']);
    const listed = await api.request('GET', `/api/databases/${ada.database.id}/backups`, { token: ada.token });
    expect(listed.json['database_backups']).to.have.length(5);
  });

  it('counts what its verification policy asks for, as the policy does when it is applied', async () => {
    const set = (verification: string) =>
      api.own.query(
        `update holdfast.schedules set verification = ${verification} where id = '${path.split('/').at(-1)}'`,
      );
    await set(`'{"level": "restorable", "every": 1, "scratchDatabaseId": null}'`);
    expect(await actions('?keep_last=1'), 'none is verified').to.deep.equal(['keep', 'keep', 'keep', 'keep']);
    const proven = (level: string) =>
      api.own.query(`update holdfast.backups set verified_level = '${level}' where id = '${backups[2]?.id}'`);
    await proven('identical');
    expect(await actions('?keep_last=1')).to.deep.equal(['keep', 'keep', 'delete', 'delete']);
    await proven('stored');
    await set('null');
  });

  it('shows with a backup when its age will let it go, while its schedule is there', async () => {
    const expiry = async (backup: Backup | undefined): Promise<unknown> => {
      const { json } = await api.request('GET', `/api/backups/${backup?.id}`, { token: ada.token });
      return (json['database_backup'] as { expires_at: unknown }).expires_at;
    };
    await api.request('PATCH', path, { token: ada.token, body: { retention: { keep_days: 30 } } });
    await api.deps.persistence.retention.applyDue(100, 0, 3600);
    expect(await expiry(backups[0])).to.match(/Z$/);
    expect(await expiry(backups[3]), 'the newest one').to.equal(null);
    await api.own.query(`update holdfast.backups set schedule_id = null where id = '${backups[0]?.id}'`);
    expect(await expiry(backups[0]), 'without its schedule').to.equal(null);
  });

  it('refuses a rule that is none, as without it the policy would be another one', async () => {
    for (const query of ['?keep_last=0', '?keep_last=', '?daily=1.5', '?weekly=-1', '?yearly=100001', '?keep_lst=3']) {
      expect((await preview(query)).status, query).to.equal(422);
    }
    expect((await preview('?keep_lst=3')).json).to.deep.equal({
      errors: { query: ['The request query must not have the entries keep_lst.'] },
    });
  });

  it('keeps and shows every field of a policy', async () => {
    const retention = {
      keep_last: 1,
      keep_days: 2,
      hourly: 3,
      daily: 4,
      weekly: 5,
      monthly: 6,
      yearly: 7,
      minimum: 8,
    };
    const changed = await api.request('PATCH', path, { token: ada.token, body: { retention } });
    expect(changed.json['schedule']).to.deep.include({ retention });
    expect((await preview()).json['retention']).to.deep.equal(retention);
  });

  it('shows nothing of backups that are on their way out', async () => {
    await api.request('PATCH', path, { token: ada.token, body: { retention: { keep_last: 2 } } });
    await api.deps.persistence.retention.applyDue(100, 0, 3600);
    expect(await actions()).to.deep.equal(['keep', 'keep']);
  });
});
