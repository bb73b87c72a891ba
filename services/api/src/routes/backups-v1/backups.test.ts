import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Backup, BackupFile } from '@holdfast/shared/domain';
import { startS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

interface View {
  id: string;
  status: string;
  tags: Record<string, boolean>;
  s3_directory: string;
  files: { id: string; name: string; size: string; size_bytes: number; url: string }[];
  [field: string]: unknown;
}

describe('backups v1: backups', () => {
  const content = randomBytes(744);
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  let backup: Backup;
  let file: BackupFile;
  /** May read and nothing else. */
  let reader: string;

  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
    ({ backup, file } = await api.doneBackup(ada.database, content));
    reader = await api.token(ada.account, ['backups:read']);
  });
  after(() => api.stop());

  const show = async (id: string): Promise<View> => {
    const { status, json, text } = await api.request('GET', `/v1/backups/${id}`, { token: ada.token });
    expect(status, text).to.equal(200);
    return json['data'] as View;
  };
  const scheduled = async (tenant: Tenant): Promise<string> => {
    const made = await api.request('POST', `/api/databases/${tenant.database.id}/backups`, { token: tenant.token });
    return (made.json['database_backup'] as { id: string }).id;
  };

  it('shows every documented field of a completed backup, and the files with links that need no header', async () => {
    const shown = await show(backup.id);
    const folder = `ada/${file.key.slice(0, file.key.lastIndexOf('/'))}`;
    const { files, ...rest } = shown;
    expect(rest).to.deep.equal({
      id: backup.id,
      job_id: ada.database.id,
      status: 'completed',
      tags: { manual: true, hourly: false, daily: false, weekly: false, monthly: false },
      s3_directory: folder,
      created_at: backup.createdAt.toISOString(),
      started_at: backup.startedAt?.toISOString(),
      completed_at: backup.completedAt?.toISOString(),
      monitoring_available: true,
      encryption_key: null,
      locked: false,
      error: null,
      progress: { bytes: content.length * 3, fraction: 1 },
    });
    expect(files).to.have.length(1);
    const [{ url, ...described }] = files as [View['files'][number]];
    const name = `${folder}/dump.pgdump.zst`;
    expect(described).to.deep.equal({ id: file.id, name, size: '744 bytes', size_bytes: 744 });
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(bytes.equals(content)).to.equal(true);
  });

  it('translates the states of a backup, which has no files and nothing to watch until it begins', async () => {
    const { database } = await api.tenant('states');
    const { backups } = api.deps.persistence;
    const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const made = await backups.create({ ...wanted, maxFailures: 1 });
    if (!made) throw new Error('The backup could not be made.');
    const token = await api.token({ ...ada.account, id: database.accountId }, ['backups:read']);
    const seen = async () => {
      const { data } = (await api.request('GET', `/v1/backups/${made.id}`, { token })).json as { data: View };
      return [data.status, data['monitoring_available'], data['started_at'] !== null, data.files.length, data['error']];
    };
    expect(await seen()).to.deep.equal(['pending', false, false, 0, null]);
    await backups.claim(made.id, { worker: 'test', seconds: 60 });
    expect(await seen()).to.deep.equal(['running', true, true, 0, null]);
    const error = { code: 'auth_failed', message: 'No.' } as const;
    await backups.fail(made.id, 1, { error, retryable: false, retryInSeconds: 0 });
    expect(await seen()).to.deep.equal(['failed', true, true, 0, error]);
  });

  it("tags what a schedule made by the schedule's cadence, and by nothing once the schedule is gone", async () => {
    const { account, database, token } = await api.tenant('tagged');
    const { schedules } = api.deps.persistence;
    const schedule = await schedules.create(account.id, {
      databaseId: database.id,
      destinationId: null,
      cron: '0 3 * * 0',
      timezone: 'Europe/Paris',
      retention: {},
      enabled: true,
      catchUp: 'once',
      overlap: 'queue',
      graceSeconds: 60,
      jitterSeconds: 0,
      isPeriodicSetting: false,
    });
    if (!schedule) throw new Error('The schedule could not be made.');
    await api.own.query(
      `update holdfast.slots set scheduled_for = date_trunc('second', now()), run_at = date_trunc('second', now()) where scheduled_for = (select min(scheduled_for) from holdfast.slots)`,
    );
    const [tick] = await schedules.takeDue(1, 1);
    const tags = async () => {
      const { json, text } = await api.request('GET', `/v1/backups/${tick?.backupId}`, { token });
      expect(json['data'], text).to.be.an('object');
      return (json as { data: View }).data.tags;
    };
    const none = { manual: false, hourly: false, daily: false, weekly: false, monthly: false };
    expect(await tags()).to.deep.equal({ ...none, weekly: true });
    await schedules.delete(account.id, schedule.id);
    expect(await tags()).to.deep.equal(none);
  });

  it('gives one link for each file, by its name, after a look that the object is there', async () => {
    const path = `/v1/backups/${backup.id}/download`;
    const { status, json } = await api.request('POST', path, { token: ada.token });
    expect(status).to.equal(200);
    const links = json['data'] as Record<string, string>;
    expect(Object.keys(links)).to.deep.equal([file.name]);
    const answer = await fetch(links[file.name] ?? '');
    const sha256 = createHash('sha256').update(Buffer.from(await answer.arrayBuffer()));
    expect([answer.status, `sha256:${sha256.digest('hex')}`]).to.deep.equal([200, file.checksum]);

    const damaged = await api.doneBackup(ada.database);
    rmSync(join(api.localRoot, 'ada', damaged.file.key));
    const gone = await api.request('POST', `/v1/backups/${damaged.backup.id}/download`, { token: ada.token });
    expect(gone.status).to.equal(404);
    expect(gone.json).to.have.all.keys('message');
    expect(await show(damaged.backup.id)).to.have.nested.property('error.code', 'integrity');
  });

  it('answers 409 to the download of what is not completed', async () => {
    const waiting = await api.tenant('waiting');
    const path = `/v1/backups/${await scheduled(waiting)}/download`;
    const { status, json } = await api.request('POST', path, { token: waiting.token });
    expect([status, json]).to.deep.equal([
      409,
      { message: 'This backup has no files to download: it is not completed.' },
    ]);
  });

  it('answers every refusal under /v1 in its own shape', async () => {
    const path = `/v1/backups/${backup.id}`;
    const token = ada.token;
    const big = JSON.stringify({ files: ['x'.repeat(1_100_000)] });
    const refusals: [number, string, string, Parameters<TestApi['request']>[2]][] = [
      [401, 'GET', path, {}],
      [403, 'DELETE', path, { token: reader }],
      [404, 'GET', '/v1', { token }],
      [404, 'GET', '/v1/nothing', { token }],
      [404, 'GET', '/v1/backups/x', { token }],
      [405, 'PUT', path, { token }],
      [405, 'GET', `${path}/restore`, { token }],
      [400, 'POST', `${path}/restore`, { token, raw: '{"files":', headers: { 'content-type': 'application/json' } }],
      [413, 'POST', `${path}/restore`, { token, raw: big, headers: { 'content-type': 'application/json' } }],
      [415, 'POST', `${path}/restore`, { token, raw: 'files=1', headers: { 'content-type': 'text/plain' } }],
    ];
    for (const [expected, method, at, asked] of refusals) {
      const { status, json, headers } = await api.request(method, at, asked);
      expect([status, Object.keys(json)], `${method} ${at}`).to.deep.equal([expected, ['message']]);
      if (status === 405) expect(headers.get('allow')).to.be.a('string').and.not.equal('');
    }
  });

  it('does not tell apart an id that is none, an unknown one, and that of another account', async () => {
    const ids = ['x', '5b8b36104ffb090be1ac3ce1', '0199c0de-0000-7000-8000-000000000000', backup.id];
    const { token } = eve;
    const calls: [string, string, unknown][] = [
      ['GET', '', undefined],
      ['POST', '/download', {}],
      ['POST', '/restore', { files: 'not even a list' }],
      ['GET', '/restores/0199c0de-0000-7000-8000-000000000000', undefined],
      ['PATCH', '', { locked: 'perhaps' }],
      ['DELETE', '', undefined],
    ];
    for (const [method, rest, body] of calls) {
      for (const id of ids) {
        const { status, json } = await api.request(method, `/v1/backups/${id}${rest}`, { token, body });
        expect([status, json], `${method} ${id}${rest}`).to.deep.equal([
          404,
          { message: 'This backup does not exist.' },
        ]);
      }
    }
    expect((await show(backup.id))['locked']).to.equal(false);
  });

  it('keeps a locked backup from deletion, and lets it go afterwards', async () => {
    const { id } = (await api.doneBackup(ada.database)).backup;
    const lock = (locked: unknown, token = ada.token) =>
      api.request('PATCH', `/v1/backups/${id}`, { token, body: { locked } });
    expect((await lock(true, reader)).status).to.equal(403);
    const locked = await lock(true);
    expect([locked.status, (locked.json['data'] as View)['locked']]).to.deep.equal([200, true]);
    expect(await show(id)).to.deep.include({ locked: true });
    const refused = await api.request('DELETE', `/v1/backups/${id}`, { token: ada.token });
    expect([refused.status, refused.json]).to.deep.equal([
      409,
      { message: 'This backup is locked: unlock it before you delete it.' },
    ]);
    const wrong = await lock('yes');
    expect([wrong.status, wrong.json]).to.deep.equal([
      422,
      {
        message: 'The locked field must be true or false.',
        errors: { locked: ['The locked field must be true or false.'] },
      },
    ]);
    expect(((await lock(false)).json['data'] as View)['locked']).to.equal(false);
    expect((await api.request('DELETE', `/v1/backups/${id}`, { token: ada.token })).status).to.equal(204);
  });

  it('does not delete what runs or is being restored', async () => {
    const { database, token } = await api.tenant('busy');
    const { backup: restored } = await api.doneBackup(database);
    const { backups } = api.deps.persistence;
    const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const running = await backups.create({ ...wanted, maxFailures: 1 });
    await backups.claim(running?.id ?? '', { worker: 'test', seconds: 60 });
    expect((await api.request('POST', `/v1/backups/${restored.id}/restore`, { token })).status).to.equal(201);
    for (const [id, message] of [
      [restored.id, 'This backup cannot be deleted while it is being restored.'],
      [running?.id, 'This backup cannot be deleted while it runs.'],
    ]) {
      const { status, json } = await api.request('DELETE', `/v1/backups/${id}`, { token });
      expect([status, json]).to.deep.equal([409, { message }]);
    }
  });

  it('shows a deleted backup nowhere any more, and its links lead nowhere', async () => {
    const { backup: doomed } = await api.doneBackup(ada.database);
    const [link] = (await show(doomed.id)).files;
    const own = `/api/databases/${ada.database.id}/backups`;
    expect((await api.request('DELETE', `/v1/backups/${doomed.id}`, { token: ada.token })).status).to.equal(204);
    const paths = [
      ['GET', `/v1/backups/${doomed.id}`],
      ['POST', `/v1/backups/${doomed.id}/download`],
      ['POST', `/v1/backups/${doomed.id}/restore`],
      ['GET', `/api/backups/${doomed.id}`],
      ['GET', `${own}/${doomed.id}`],
      ['GET', `${own}/${doomed.id}/archive`],
      ['POST', `${own}/${doomed.id}/restore`],
      ['GET', String(link?.url).slice(api.url.length)],
    ] as const;
    for (const [method, path] of paths) {
      expect((await api.request(method, path, { token: ada.token })).status, `${method} ${path}`).to.equal(404);
    }
    expect((await api.request('DELETE', `/v1/backups/${doomed.id}`, { token: ada.token })).status).to.equal(404);
    expect((await api.request('GET', own, { token: ada.token })).text).to.not.include(doomed.id);
  });

  it('answers while the client still listens when the store of the files never does', async () => {
    const s3 = await startS3();
    const allowing = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    try {
      const cay = await allowing.tenant('cay');
      const { backup: stuck } = await allowing.doneBackup(cay.database);
      const made = await allowing.request('POST', '/api/backup-destinations', {
        token: cay.token,
        body: {
          label: 'S3',
          type: 'custom_s3',
          s3_access_key: s3.accessKey,
          s3_secret_key: s3.secretKey,
          s3_bucket_name: s3.bucket,
          s3_endpoint: s3.endpoint,
          path_style_endpoint: true,
        },
      });
      const { id } = made.json['data'] as { id: number };
      await allowing.own.query(`update holdfast.backups set destination_id = ${id} where id = '${stuck.id}'`);
      s3.faults.add({ kind: 'headObject', effect: { type: 'stall' } });
      const begun = performance.now();
      const ask = async (method: string, path: string): Promise<number> =>
        (await allowing.request(method, path, { token: cay.token })).status;
      const statuses = await Promise.all([
        ask('POST', `/v1/backups/${stuck.id}/download`),
        ask('GET', `/api/databases/${cay.database.id}/backups/${stuck.id}/archive`),
      ]);
      expect(statuses).to.deep.equal([502, 502]);
      expect(performance.now() - begun).to.be.lessThan(30_000);
    } finally {
      await allowing.stop();
      await s3.stop();
    }
  });
});
