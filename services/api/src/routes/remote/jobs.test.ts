import { request } from 'node:http';
import { lineageOf, manifestText } from '@holdfast/pipeline';
import { claimAnswer, storedManifestSchema, type Manifest, type RemoteJob } from '@holdfast/shared/contracts';
import type { Backup, Database, Restore, ContentTarget } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { failure, openRemoteBed, type RemoteBed } from './bed.test.ts';

const absent = '0199c0de-0000-7000-8000-000000000000';

describe('remote dialect: jobs', () => {
  let bed: RemoteBed;
  before(async () => {
    bed = await openRemoteBed({ HOLDFAST_REMOTE_HEARTBEAT_SECONDS: '7.5' });
  });
  after(() => bed.stop());

  const claim = (seconds: number, token = bed.node.token) =>
    bed.ask('POST', '/api/remote/jobs/claim', { token, body: { wait_seconds: seconds } });
  const claimed = async (): Promise<RemoteJob> => {
    const answer = await claim(5);
    expect(answer.status, answer.text).to.equal(200);
    return claimAnswer.parse(answer.json).job;
  };
  const beat = (id: string, bytes: number, token = bed.node.token) =>
    bed.ask('POST', `/api/remote/jobs/${id}/heartbeat`, { token, body: { bytes } });
  const done = async (): Promise<Backup> => {
    const { backup, archive } = await bed.uploaded();
    expect((await bed.report(backup, archive)).status).to.equal(204);
    return await bed.row(backup);
  };
  const restoreOf = async (backup: Backup, target: ContentTarget, change: object = {}): Promise<Restore> => {
    const wanted = {
      backupId: backup.id,
      databaseId: backup.databaseId,
      target,
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 3,
      serverId: bed.node.server.id,
      ...change,
    } as const;
    const restore = await bed.api.deps.persistence.restores.create(wanted);
    if (restore === 'busy' || !restore) throw new Error('The test restore could not be made.');
    return restore;
  };

  describe('claim', () => {
    it('answers 204 when nothing waits, after the time that was asked for, and refuses a time that it cannot wait', async () => {
      const begun = performance.now();
      const idle = await claim(1.2);
      expect([idle.status, idle.text]).to.deep.equal([204, '']);
      expect(performance.now() - begun).to.be.within(1100, 20_000);
      for (const body of [{ wait_seconds: 31 }, { wait_seconds: -1 }, { wait_seconds: 'x' }]) {
        const { status, json } = await bed.ask('POST', '/api/remote/jobs/claim', { body });
        expect(status).to.equal(422);
        expect(json).to.have.nested.property('errors[0].meta.source_field', 'wait_seconds');
      }
    });

    it('hands out the oldest backup once, as soon as there is one, and only to its own server', async () => {
      expect((await claim(0)).status).to.equal(204);
      const waiting = claim(20);
      const database = await bed.database();
      const backup = await bed.waiting(database);
      expect((await claim(0, bed.other.token)).status).to.equal(204);
      const { status, json } = await waiting;
      expect([status, json]).to.deep.equal([
        200,
        {
          job: {
            id: backup.id,
            kind: 'backup',
            backup_id: backup.id,
            database: { id: database.id, name: database.name, type: 'files' },
            heartbeat_seconds: 8,
            restore: null,
          },
        },
      ]);
      expect(await bed.row(backup)).to.include({ status: 'pending', attempt: 1, silenceSeconds: 8 });
      expect((await claim(0)).status).to.equal(204);
      await bed.report(backup, failure);
    });

    it('hands out a restore before a backup, with links that need no header, to an S3 destination', async () => {
      const source = await done();
      const waiting = await bed.waiting();
      const restore = await restoreOf(source, { mode: 'in_place' });
      const job = await claimed();
      expect(job).to.deep.include({ id: restore.id, kind: 'restore', backup_id: source.id });
      expect(job.restore).to.deep.include({ target: { in_place: true }, ownership: 'skip' });
      const manifest = storedManifestSchema.parse(await (await fetch(job.restore?.manifest_url ?? '')).json());
      expect(job.restore?.manifest_sha256).to.match(/^[0-9a-f]{64}$/);
      expect(job.restore?.files.map(({ id }) => id)).to.deep.equal(manifest.files.map(({ id }) => id));
      const file = await fetch(job.restore?.files[0]?.url ?? '');
      expect((await file.arrayBuffer()).byteLength).to.equal(source.size);
      expect(
        (await bed.ask('POST', `/api/remote/backups/${source.id}/restore`, { body: { successful: true } })).status,
      ).to.equal(204);
      expect((await claimed()).id).to.equal(waiting.id);
      await bed.report(waiting, failure);
    });

    it('makes links of its own where a destination has none, also for the manifest, which nothing else opens', async () => {
      const { backup, file } = await bed.api.doneBackup(bed.ada.database, Buffer.from('archive'));
      const key = file.key.replace('dump.pgdump.zst', 'manifest.json');
      await bed.api.own.query(`update holdfast.backups set manifest_key = '${key}' where id = '${backup.id}'`);
      const manifest: Manifest = {
        version: 1,
        backupId: backup.id,
        databaseId: backup.databaseId,
        attempt: 1,
        name: backup.name,
        engine: 'postgresql',
        database: 'x',
        serverVersion: '15',
        tool: { name: 'pg_dump', version: '15' },
        lineage: lineageOf(backup),
        recipients: null,
        startedAt: '2026-01-01T00:00:00Z',
        completedAt: '2026-01-01T00:00:00Z',
        files: [
          {
            id: file.id,
            role: 'dump',
            name: 'dump.pgdump.zst',
            key: file.key,
            format: 'pg_dump-custom',
            codecs: [],
            plain: null,
            unencrypted: null,
            stored: { size: file.size, sha256: file.checksum.slice('sha256:'.length) },
          },
        ],
      };
      const text = manifestText(manifest);
      await bed.store(bed.ada.destination, key, text);
      await restoreOf(backup, { mode: 'new_database', database: 'copy' }, { fileIds: [file.id] });
      const { restore } = await claimed();
      expect(restore?.target).to.deep.equal({ new_database: 'copy' });
      const answer = await fetch(restore?.manifest_url ?? '');
      expect([answer.status, await answer.json()]).to.deep.equal([200, JSON.parse(text)]);
      expect(await (await fetch(restore?.files[0]?.url ?? '')).text()).to.equal('archive');
      const manifestLink = new URL(restore?.manifest_url ?? '');
      const fileLink = new URL(restore?.files[0]?.url ?? '');
      for (const search of ['', '?token=x', fileLink.search]) {
        const refused = await bed.api.request('GET', `${manifestLink.pathname}${search}`);
        expect(refused.status, search).to.equal(403);
        expect(refused.json).to.have.nested.property('errors[0].status', '403');
      }
      expect((await bed.api.request('GET', `${fileLink.pathname}${manifestLink.search}`)).status).to.equal(404);
      await bed.ask('POST', `/api/remote/backups/${backup.id}/restore`, { body: { successful: false } });
    });

    it('fails a restore that cannot be described, so that the next claim is not stopped by it', async () => {
      const source = await done();
      const restore = await restoreOf(source, { mode: 'in_place' });
      await bed.api.own.query(`update holdfast.backups set manifest_key = '' where id = '${source.id}'`);
      expect((await claim(0)).status).to.equal(502);
      expect(await bed.api.deps.persistence.restores.find(restore.id)).to.include({ status: 'error' });
      expect((await claim(0)).status).to.equal(204);
    });

    it('ends at once when the client leaves, and begins nothing for it', async () => {
      const { servers } = bed.api.deps.persistence;
      const left = () => bed.api.logged().split('the client left').length;
      const before = left();
      await bed.api.own.query('update holdfast.servers set last_seen_at = null');
      const ask = request(`${bed.api.url}/api/remote/jobs/claim`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bed.node.token}` },
      });
      ask.on('error', () => undefined).end();
      await until('the claim to arrive', 15, async () => {
        const server = await servers.findOwned(bed.ada.account.id, bed.node.server.id);
        return server?.lastSeenAt !== null;
      });
      ask.destroy();
      await until('the server to notice', 15, () => left() > before);
      const backup = await bed.waiting();
      expect((await claimed()).id).to.equal(backup.id);
      await bed.report(backup, failure);
    });
  });

  describe('heartbeat', () => {
    it('keeps a job alive, records its progress, and tells when somebody cancelled it', async () => {
      const backup = await bed.waiting();
      await claimed();
      const before = (await bed.row(backup)).leaseUntil;
      const first = await beat(backup.id, 4711);
      expect([first.status, first.json]).to.deep.equal([200, { cancelled: false }]);
      const row = await bed.row(backup);
      expect(row.progressBytes).to.equal(4711);
      expect(Number(row.leaseUntil)).to.be.greaterThan(Number(before));
      await bed.api.deps.persistence.backups.requestCancel(backup.id);
      expect((await beat(backup.id, 5000)).json).to.deep.equal({ cancelled: true });
      expect((await bed.row(backup)).leaseUntil).to.deep.equal(row.leaseUntil);
      await bed.report(backup, failure);
      expect((await bed.row(backup)).error?.code).to.equal('cancelled');
    });

    it('shortens the silence that a backup without a claim was given', async () => {
      const backup = await bed.waiting();
      await bed.links(backup, 100);
      expect(await bed.row(backup)).to.include({ silenceSeconds: 21_600 });
      await beat(backup.id, 0);
      const row = await bed.row(backup);
      expect(row.silenceSeconds).to.equal(8);
      expect(Number(row.leaseUntil) - Date.now()).to.be.lessThan(9000);
      await bed.report(backup, failure);
    });

    it('tells to stop when the job has ended or was given up', async () => {
      const ended = await done();
      expect((await beat(ended.id, 1)).json).to.deep.equal({ cancelled: true });
      const { backup } = await bed.uploaded();
      await bed.api.own.query(
        `update holdfast.backups set lease_until = now() - interval '1 second' where id = '${backup.id}'`,
      );
      await bed.api.deps.persistence.backups.reapExpired(100, 0);
      expect((await beat(backup.id, 1)).json).to.deep.equal({ cancelled: true });
    });

    it('is 404 for a job that does not exist and 403 for that of another server', async () => {
      for (const id of [absent, 'x']) {
        const unknown = await beat(id, 1);
        expect([unknown.status, unknown.json]).to.have.nested.property('[1].errors[0].code', 'NotFoundHttpException');
        expect(unknown.status).to.equal(404);
      }
      const { backup } = await bed.uploaded();
      const foreign = await beat(backup.id, 1, bed.other.token);
      expect(foreign.status).to.equal(403);
      expect(
        (await bed.ask('POST', `/api/remote/jobs/${backup.id}/heartbeat`, { body: { bytes: -1 } })).status,
      ).to.equal(422);
      expect((await bed.ask('POST', `/api/remote/jobs/${backup.id}/heartbeat`)).status).to.equal(200);
    });
  });

  describe('reports of restores', () => {
    const path = (id: string) => `/api/remote/backups/${id}/restore`;
    const running = async (backup: Backup, change: object = {}): Promise<Restore> => {
      const { id } = await restoreOf(backup, { mode: 'in_place' }, change);
      await claimed();
      return (await bed.api.deps.persistence.restores.find(id)) as Restore;
    };

    for (const successful of [true, false]) {
      it(`end the running restore as ${successful ? 'done' : 'error'}, and change nothing when they come again`, async () => {
        const backup = await done();
        const { id } = await running(backup);
        for (const _ of [1, 2]) {
          const { status, text } = await bed.ask('POST', path(backup.id), { body: { successful } });
          expect([status, text]).to.deep.equal([204, '']);
        }
        const restore = await bed.api.deps.persistence.restores.find(id);
        expect(restore).to.include({ status: successful ? 'done' : 'error' });
        if (successful) expect(restore?.outcome).to.include('"node"');
        else expect(restore?.error?.code).to.equal('remote_failed');
        expect((await bed.row(backup)).status).to.equal('done');
      });
    }

    it('are checked in the order body, row, owner', async () => {
      const foreign = await bed.waiting(await bed.database({ serverId: bed.other.server.id }));
      for (const body of [undefined, {}, { successful: 'yes' }, []]) {
        const { status, json } = await bed.ask('POST', path(absent), { body });
        expect(status).to.equal(422);
        expect(json).to.have.nested.property('errors[0].code', 'ValidationException');
      }
      const body = { successful: true };
      expect((await bed.ask('POST', path(absent), { body })).status).to.equal(404);
      expect((await bed.ask('POST', path(foreign.id), { body })).status).to.equal(403);
      expect((await bed.ask('POST', path((await done()).id), { body })).status).to.equal(204);
    });

    it('end the restore on this server of a backup that was made elsewhere', async () => {
      const { backup } = await bed.api.doneBackup(bed.ada.database);
      const target: Database = await bed.database({ type: 'postgresql' });
      expect((await bed.ask('POST', path(backup.id), { body: { successful: true } })).status).to.equal(403);
      const { id } = await running(backup, { databaseId: target.id });
      expect((await bed.ask('POST', path(backup.id), { body: { successful: true } })).status).to.equal(204);
      expect(await bed.api.deps.persistence.restores.find(id)).to.include({ status: 'done' });
    });
  });
});
