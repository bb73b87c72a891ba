import { createHash, randomBytes } from 'node:crypto';
import { Readable, type Duplex } from 'node:stream';
import { age, lineageOf, manifestText, newBackupKey, recipientOf } from '@holdfast/pipeline';
import { claimAnswer, storedManifestSchema, type Manifest, type RemoteJob } from '@holdfast/shared/contracts';
import { attemptPrefix, Secret, type Backup } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openRemoteBed, type RemoteBed } from './bed.test.ts';

const content = randomBytes(200_000);

async function through(bytes: Buffer, stream: Duplex): Promise<Buffer> {
  return Buffer.concat(await Readable.from([bytes], { objectMode: false }).pipe(stream).toArray());
}

const measured = (bytes: Buffer) => ({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });

describe('remote dialect: restores of encrypted backups', () => {
  let bed: RemoteBed;
  let ours: string;
  let foreign: string;

  before(async () => {
    const [[, identity = ''], [, other = '']] = await Promise.all([newBackupKey(), newBackupKey()]);
    [ours, foreign] = (await Promise.all([identity, other].map((key) => recipientOf(new Secret(key))))) as [
      string,
      string,
    ];
    bed = await openRemoteBed({ HOLDFAST_BACKUP_IDENTITIES: identity });
  });
  after(() => bed.stop());

  /** A backup in the bucket, made by our workers. */
  async function encryptedBackup(recipient: string): Promise<{ backup: Backup; sealed: Buffer }> {
    const { backups } = bed.api.deps.persistence;
    const { id, databaseId } = await bed.waiting(await bed.database({ type: 'postgresql' }));
    await bed.api.own.query(`update holdfast.backups set server_id = null where id = '${id}'`);
    const backup = await backups.claim(id, { worker: 'test', seconds: 60 });
    if (!backup) throw new Error('The test backup cannot be claimed.');
    const sealed = await through(content, age({ recipients: [recipient], identities: [] }).encode());
    const folder = attemptPrefix(backup, backup.attempt);
    const common = { id, role: 'dump', name: 'dump.pgdump.zst.age', key: `${folder}dump.pgdump.zst.age` } as const;
    const { size, sha256 } = measured(sealed);
    const unencrypted = measured(content);
    const manifest: Manifest = {
      version: 1,
      backupId: id,
      databaseId,
      attempt: 1,
      name: backup.name,
      engine: 'postgresql',
      database: 'x',
      serverVersion: '15',
      tool: { name: 'pg_dump', version: '15' },
      lineage: lineageOf(backup),
      recipients: [recipient],
      startedAt: '2026-01-01T00:00:00Z',
      completedAt: '2026-01-01T00:00:00Z',
      files: [
        {
          ...common,
          format: 'pg_dump-custom',
          codecs: ['zstd', 'age'],
          plain: null,
          unencrypted,
          stored: { size, sha256 },
        },
      ],
    };
    const store = bed.api.deps.openStore(bed.bucket);
    await store.put(common.key, Readable.from([sealed]), { signal: AbortSignal.timeout(5000) });
    await store.close();
    const manifestKey = `${folder}manifest.json`;
    await bed.store(bed.bucket, manifestKey, manifestText(manifest));
    const file = {
      ...common,
      backupId: id,
      size,
      checksum: `sha256:${sha256}`,
      unencryptedSize: unencrypted.size,
      unencryptedSha256: unencrypted.sha256,
      plainSize: null,
      plainSha256: null,
    };
    await backups.settle(id, 1, { files: [file], manifestKey, recipients: [recipient] });
    return { backup: await bed.row({ id }), sealed };
  }

  async function claimRestore(backup: Backup): Promise<NonNullable<RemoteJob['restore']>> {
    const restore = await bed.api.deps.persistence.restores.create({
      backupId: backup.id,
      databaseId: backup.databaseId,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
      serverId: bed.node.server.id,
    });
    if (restore === 'busy' || !restore) throw new Error('The test restore could not be made.');
    const { json } = await bed.ask('POST', '/api/remote/jobs/claim', { body: { wait_seconds: 0 } });
    const { job } = claimAnswer.parse(json);
    expect(job.id).to.equal(restore.id);
    await bed.ask('POST', `/api/remote/backups/${backup.id}/restore`, { body: { successful: false } });
    if (!job.restore) throw new Error('It is no restore.');
    return job.restore;
  }

  it('are decrypted on the way to the server, with a manifest of what comes down', async () => {
    const { backup } = await encryptedBackup(ours);
    const { manifest_url: manifestUrl, files } = await claimRestore(backup);
    expect([manifestUrl, files[0]?.url].every((url) => url?.startsWith(bed.api.url))).to.equal(true);
    const manifest = storedManifestSchema.parse(await (await fetch(manifestUrl)).json());
    expect(manifest.recipients).to.equal(null);
    expect(manifest.files[0]).to.deep.include({ codecs: ['zstd'], unencrypted: null, stored: measured(content) });
    const down = Buffer.from(await (await fetch(files[0]?.url ?? '')).arrayBuffer());
    expect(down.equals(content)).to.equal(true);
  });

  it('come as they are stored, by links of the store, where the service has no key of them', async () => {
    const { backup, sealed } = await encryptedBackup(foreign);
    const { manifest_url: manifestUrl, files } = await claimRestore(backup);
    expect([manifestUrl, files[0]?.url].every((url) => url?.startsWith(bed.s3.endpoint))).to.equal(true);
    const manifest = storedManifestSchema.parse(await (await fetch(manifestUrl)).json());
    expect(manifest.recipients).to.deep.equal([foreign]);
    expect(manifest.files[0]).to.deep.include({ codecs: ['zstd', 'age'], stored: measured(sealed) });
    const down = Buffer.from(await (await fetch(files[0]?.url ?? '')).arrayBuffer());
    expect(down.equals(sealed)).to.equal(true);
  });

  it('have links of the store for whoever downloads them only where they cannot be opened here', async () => {
    const { token } = bed.ada;
    for (const [recipient, expected] of [
      [ours, bed.api.url],
      [foreign, bed.s3.endpoint],
    ] as const) {
      const { backup } = await encryptedBackup(recipient);
      const path = `/api/databases/${backup.databaseId}/backups/${backup.id}/archive`;
      const { json } = await bed.api.request('GET', path, { token });
      expect(String(json['download_url']).startsWith(expected)).to.equal(true);
      expect((await fetch(String(json['download_url']))).status).to.equal(200);
    }
  });
});
