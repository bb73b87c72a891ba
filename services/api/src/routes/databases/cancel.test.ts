import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const lease = { worker: 'worker-1', seconds: 60 };
const failure = {
  error: { code: 'store_unreachable', message: 'No route.' },
  retryable: true,
  retryInSeconds: 600,
} as const;

describe('database dialect: cancelling', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const ask = (method: 'GET' | 'POST', path: string) => api.request(method, path, { token: ada.token });

  async function newBackup(): Promise<{ id: string; path: string }> {
    const base = `/api/databases/${ada.database.name}/backups`;
    const { json } = await ask('POST', base);
    const { id } = json['database_backup'] as { id: string };
    return { id, path: `${base}/${id}` };
  }

  async function newRestore(): Promise<{ id: string; path: string }> {
    const { backup } = await api.doneBackup(ada.database);
    const { json } = await ask('POST', `/api/databases/${ada.database.name}/backups/${backup.id}/restore`);
    const id = String(json['id']);
    return { id, path: `/api/databases/${ada.database.name}/backup_restorations/${id}` };
  }

  const kinds = {
    backup: { make: newBackup, key: 'database_backup', work: () => api.deps.persistence.backups },
    restore: { make: newRestore, key: 'backup_restoration', work: () => api.deps.persistence.restores },
  } as const;

  for (const [name, { make, key, work }] of Object.entries(kinds)) {
    const shownIn = (json: Record<string, unknown>) => json[key] as Record<string, unknown>;

    it(`ends a ${name} that waits at once, and answers the same when asked again`, async () => {
      const { path } = await make();
      const first = await ask('POST', `${path}/cancel`);
      expect(first.status).to.equal(200);
      expect(shownIn(first.json)).to.include({ status: 'error', next_attempt_at: null });
      expect(shownIn(first.json)).to.deep.include({ error: { code: 'cancelled', message: 'Cancelled on request.' } });
      expect(shownIn(first.json)['cancel_requested_at']).to.be.a('string');
      const second = await ask('POST', `${path}/cancel`);
      expect([second.status, second.json]).to.deep.equal([200, first.json]);
    });

    it(`asks whoever runs a ${name} to end it, and shows that`, async () => {
      const { id, path } = await make();
      await work().claim(id, lease);
      const { status, json } = await ask('POST', `${path}/cancel`);
      expect(status).to.equal(200);
      expect(shownIn(json)).to.include({ status: 'pending', error: null });
      expect(shownIn(json)['cancel_requested_at']).to.be.a('string');
      const again = await ask('POST', `${path}/cancel`);
      expect(shownIn(again.json)['cancel_requested_at']).to.equal(shownIn(json)['cancel_requested_at']);
      await work().fail(id, 1, { ...failure, retryInSeconds: 0 });
      const ended = await ask('POST', `${path}/cancel`);
      expect([ended.status, shownIn(ended.json)['status']]).to.deep.equal([200, 'error']);
    });

    it(`says as what a ${name} ended that cannot be cancelled any more`, async () => {
      const { id, path } = await make();
      await work().claim(id, lease);
      await work().fail(id, 1, { ...failure, retryable: false });
      const { status, json } = await ask('POST', `${path}/cancel`);
      expect(status).to.equal(409);
      expect(json['error']).to.contain('ended as error (store_unreachable)');
    });

    it(`shows every attempt of a ${name}, and when the next one may begin`, async () => {
      const { id, path } = await make();
      const show = async () => shownIn((await ask('GET', path)).json);
      expect(await show()).to.deep.include({ attempts: [], next_attempt_at: null });

      await work().claim(id, lease);
      await work().heartbeat(id, 1, lease, { progressBytes: 5, estimatedBytes: 10 });
      const [running] = (await show())['attempts'] as Record<string, unknown>[];
      expect(running).to.deep.include({ attempt: 1, ended_at: null, worker: 'worker-1', bytes: 5, error: null });
      expect(running).to.include({ settled: false });

      await work().fail(id, 1, failure);
      const waiting = await show();
      const inSeconds = (Date.parse(String(waiting['next_attempt_at'])) - Date.now()) / 1000;
      expect(inSeconds).to.be.within(500, 601);
      expect(waiting['attempts']).to.have.length(1);
      const [failed] = waiting['attempts'] as Record<string, unknown>[];
      expect(failed).to.deep.include({ bytes: 5, error: failure.error, settled: false });
      expect(failed?.['ended_at']).to.be.a('string');
      await ask('POST', `${path}/cancel`);
      expect(await show()).to.include({ status: 'error', next_attempt_at: null });
    });
  }

  it('shows the attempts in the list as well, each at its own backup', async () => {
    const one = await newBackup();
    await api.deps.persistence.backups.claim(one.id, lease);
    await api.deps.persistence.backups.fail(one.id, 1, { ...failure, retryable: false });
    const two = await newBackup();
    const { json } = await ask('GET', `/api/databases/${ada.database.name}/backups`);
    const list = json['database_backups'] as { id: string; attempts: unknown[] }[];
    const attempts = (id: string) => list.find((backup) => backup.id === id)?.attempts.length;
    expect([attempts(one.id), attempts(two.id)]).to.deep.equal([1, 0]);
    await ask('POST', `${two.path}/cancel`);
  });
});
