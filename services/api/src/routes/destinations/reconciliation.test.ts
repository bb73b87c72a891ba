import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('reconciliation of a destination', () => {
  let api: TestApi;
  let tenant: Tenant;
  before(async () => {
    api = await openApi();
    tenant = await api.tenant('owner');
  });
  after(() => api.stop());
  const ask = async (method: string, rest: string) => {
    const path = `/api/backup-destinations/${tenant.destination.id}/${rest}`;
    const { status, json } = await api.request(method, path, { token: tenant.token });
    return [status, json['data'] as Record<string, unknown>] as const;
  };

  it('is asked for, rings for it once, and shows how it goes and what it found', async () => {
    const { reconciliations } = api.deps.persistence;
    const { id } = tenant.destination;
    expect((await ask('GET', 'reconciliation'))[1]).to.deep.include({ status: 'none', report: null, orphans: [] });
    const [status, asked] = await ask('POST', 'reconcile');
    expect(status).to.equal(200);
    expect(asked).to.include({ status: 'requested' });
    expect(api.rung.at(-1)).to.include({ name: 'destination.reconcile@1', jobId: `reconcile-${id}` });
    const run = await reconciliations.begin(id, 60);
    expect((await ask('GET', 'reconciliation'))[1]).to.include({ status: 'running' });
    await ask('POST', 'reconcile');
    const found = { kind: 'upload', key: 'k', uploadId: 'u', size: null, known: true } as const;
    await reconciliations.recordOrphans(id, [found]);
    const report = { objects: 3, bytes: 9, uploads: 1, backups: 1, missing: 1, changed: 0, recovered: 0 };
    const whole = { ...report, orphans: 1, known: 1, removed: 0 };
    await reconciliations.end(id, run ?? 0, { report: whole, error: null }, 60);
    const [, again] = await ask('GET', 'reconciliation');
    expect(again, 'as somebody asked while it ran').to.include({ status: 'requested' });
    expect(again).to.deep.include({ report: whole, error: null });
    const second = await reconciliations.begin(id, 60);
    const error = { code: 'store_unreachable', message: 'It is away.' } as const;
    await reconciliations.end(id, second ?? 0, { report: null, error }, 60);
    const [, failed] = await ask('GET', 'reconciliation');
    expect(failed).to.deep.include({ status: 'failed', error, report: whole });
    expect((failed['orphans'] as object[])[0]).to.include({ kind: 'upload', key: 'k', upload_id: 'u', known: true });
    expect(await reconciliations.begin(id, 60), 'not due').to.equal(null);
  });

  it('takes each destination once in a period, spread over it, and two at a time', async () => {
    const { reconciliations, destinations } = api.deps.persistence;
    const made: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const local = { label: 'Local', type: 'local', settings: { path: `more-${count}` } } as const;
      made.push((await destinations.create(tenant.account.id, local)).id);
    }
    expect(await reconciliations.takeDue(2, 100_000, 30), 'at first').to.deep.equal([]);
    const due = (await Promise.all(made.map((id) => reconciliations.find(id)))).map((one) => one?.dueAt.getTime() ?? 0);
    expect(new Set(due).size).to.equal(made.length);
    await api.own.query(
      `update holdfast.reconciliations set due_at = now() where destination_id > ${tenant.destination.id}`,
    );
    const both = await Promise.all([reconciliations.takeDue(2, 100_000, 30), reconciliations.takeDue(2, 100_000, 30)]);
    const taken = both.flat().map(({ destinationId }) => destinationId);
    expect(new Set(taken).size).to.equal(taken.length);
    expect(await reconciliations.takeDue(2, 100_000, 30), 'while these are rung for').to.deep.equal([]);
    const run = await reconciliations.begin(taken[0] ?? 0, 60);
    await reconciliations.end(taken[0] ?? 0, run ?? 0, { report: null, error: null }, 100_000);
    const next = await reconciliations.takeDue(taken.length, 100_000, 30);
    expect(next.map(({ destinationId }) => destinationId)).to.not.include(taken[0]);
  });
});
