import { expect } from 'chai';
import { runBackup, zstd } from '@holdfast/pipeline';
import { connectionOf, HoldfastError, noKeys, type Engine, type ErrorCode } from '@holdfast/shared/domain';
import { FakeEngine } from '@holdfast/testing/fakes';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

const lease = { worker: 'test', seconds: 60 };

describe('database dialect: the look before a restore', () => {
  const engine = new FakeEngine(Buffer.alloc(0));
  let api: TestApi;
  let ada: Tenant;
  let backupId: string;

  before(async () => {
    api = await openApi({}, { engines: { types: ['postgresql'], get: () => engine } });
    ada = await api.tenant('ada');
    backupId = await backedUp();
  });
  after(() => api.stop());
  beforeEach(() => {
    engine.findings = [];
    engine.preflight = FakeEngine.prototype.preflight.bind(engine);
  });

  /** A backup whose manifest and dump are in the store. */
  async function backedUp(): Promise<string> {
    const { persistence, openStore, ids, clock } = api.deps;
    engine.content = Buffer.alloc(10_000, 'row');
    const wanted = { databaseId: ada.database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const made = await persistence.backups.create({ ...wanted, maxFailures: 3 });
    const backup = made && (await persistence.backups.claim(made.id, lease));
    if (!backup) throw new Error('The test backup could not be made.');
    const outcome = await runBackup({
      backup,
      database: connectionOf(ada.database),
      engine,
      store: openStore(ada.destination),
      codecs: [zstd()],
      keys: noKeys,
      ids,
      clock,
      limits: { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 },
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    await persistence.backups.settle(backup.id, backup.attempt, outcome);
    return backup.id;
  }

  const look = (body?: unknown, id = backupId): Promise<Answer> =>
    api.request('POST', `/api/databases/${ada.database.id}/backups/${id}/restore/preflight`, {
      token: ada.token,
      body,
    });
  const fails = (code: ErrorCode): void => {
    engine.preflight = () => Promise.reject(new HoldfastError(code, `It is ${code}.`));
  };

  it('answers 200 with what the engine found, and makes no restore', async () => {
    engine.findings = [{ severity: 'warning', code: 'owner', message: 'A role is missing.' }];
    expect((await look()).json).to.deep.equal({
      preflight: { ok: true, findings: engine.findings, estimate: null },
    });
    engine.findings = [...engine.findings, { severity: 'blocker', code: 'space', message: 'There is no room.' }];
    const { status, json } = await look({ target: { new_database: 'copy' }, selection: { schemas: ['public'] } });
    expect(status).to.equal(200);
    expect(json['preflight']).to.deep.include({ ok: false, findings: engine.findings });
    expect(await api.own.query('select from holdfast.restores')).to.have.length(0);
  });

  it('asks the engine for the very restore that the same request would make', async () => {
    let asked: unknown;
    const seeing: Engine['preflight'] = async (_connection, request, subject) => {
      asked = { ...request, restoreId: null, plainBytes: subject.plainBytes };
      return [];
    };
    engine.preflight = seeing as typeof engine.preflight;
    await look({ keep_hours: 3 });
    const whole = { restoreId: null, selection: null, part: null, plainBytes: 10_000 };
    expect(asked).to.deep.equal({ ...whole, target: { mode: 'in_place' }, ownership: 'keep', keepFormer: true });
    await look({ target: { new_database: 'copy' }, selection: { tables: ['a.b'] } });
    expect(asked).to.deep.equal({
      ...whole,
      target: { mode: 'new_database', database: 'copy' },
      ownership: 'skip',
      selection: { schemas: [], tables: ['a.b'] },
      keepFormer: false,
    });
  });

  it('counts what no attempt could mend as a blocker', async () => {
    for (const code of ['auth_failed', 'database_missing', 'client_too_old', 'key_missing', 'integrity'] as const) {
      fails(code);
      const { status, json } = await look();
      expect(status, code).to.equal(200);
      const findings = [{ severity: 'blocker', code, message: `It is ${code}.` }];
      expect(json['preflight']).to.deep.equal({ ok: false, findings, estimate: null });
    }
    const { backup } = await api.doneBackup(ada.database);
    const { json } = await look({}, backup.id);
    expect((json['preflight'] as { findings: { code: string }[] }).findings.map(({ code }) => code)).to.deep.equal([
      'object_missing',
    ]);
  });

  it('answers 502 while a server is away and 504 when it does not answer in time, in the shape of the dialect', async () => {
    for (const [code, expected] of [
      ['host_unreachable', 502],
      ['store_unreachable', 502],
      ['timed_out', 504],
    ] as const) {
      fails(code);
      const { status, json } = await look();
      expect([status, json]).to.deep.equal([expected, { error: `It is ${code}.` }]);
    }
  });

  it('names the damage of a backup: a blocker, or a warning where it is accepted', async () => {
    const id = await backedUp();
    await api.own.query(
      `update holdfast.backups set damaged_at = now(), damage = '{"state": "missing", "detail": "It is gone."}' where id = '${id}'`,
    );
    const finding = { code: 'damaged', message: 'This backup is damaged: It is gone.' };
    expect((await look({}, id)).json['preflight']).to.deep.include({
      ok: false,
      findings: [{ severity: 'blocker', ...finding }],
    });
    expect((await look({ allow_damaged: true }, id)).json['preflight']).to.deep.include({
      ok: true,
      findings: [{ severity: 'warning', ...finding }],
    });
  });

  it('estimates the time by restores that came to their end', async () => {
    const { restores } = api.deps.persistence;
    const restore = await restores.create({
      backupId,
      databaseId: ada.database.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    });
    if (!restore || restore === 'busy') throw new Error('The test restore was not created.');
    await restores.claim(restore.id, lease);
    await restores.settle(restore.id, 1, 'restored', 1000);
    await api.own.query(`update holdfast.restore_attempts set ended_at = started_at + interval '2 seconds'`);
    expect((await look()).json['preflight']).to.deep.include({ estimate: { seconds: 20, based_on: 'database' } });
  });

  it('refuses what the restore itself would refuse', async () => {
    expect((await look({ target: {} })).status).to.equal(422);
    expect((await look({ selection: { schemas: ['a'] } })).status).to.equal(422);
    const made = await api.request('POST', `/api/databases/${ada.database.id}/backups`, { token: ada.token });
    const { id } = made.json['database_backup'] as { id: string };
    expect((await look({}, id)).status).to.equal(409);
  });
});
