import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '@holdfast/testing/engines';
import { sharedPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { runDocumented } from './support/documented.ts';
import { sourceDatabase } from './support/source.ts';
import { localDestination, queues, register, storedLocally, useHoldfast, wholeBackup } from './support/system.ts';

for (const { name, options } of queues) {
  describe(`main path, ${name}`, () => {
    const holdfast = useHoldfast(options);

    it('brings a database back with the same content, by its own restore and by public tools alone', async () => {
      const { client } = holdfast();
      const source = await sourceDatabase();
      const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'main'));

      const created = await client.backup(databaseId);
      expect(created).to.include({ status: 'scheduled', size: null, started_at: null });
      const backup = await client.waitFor(created.id, ['done'], 30);
      expect(backup).to.include({ attempt: 1, error: null });
      const { a1 } = storedLocally(holdfast(), backup.id);
      expect(a1).to.deep.equal(wholeBackup);

      const path = `/api/databases/${databaseId}/backups/${backup.id}/archive`;
      const { download_url: link } = await client.expect<{ download_url: string }>(200, 'GET', path);
      const download = await fetch(link);
      expect(download.status).to.equal(200);
      const archive = Buffer.from(await download.arrayBuffer());
      expect(archive.length).to.equal(backup.size);
      expect(`sha256:${createHash('sha256').update(archive).digest('hex')}`).to.equal(backup.checksum);

      const server = await sharedPostgres();
      const copies = { ours: `${source.name}_ours`, public: `${source.name}_public` };
      const restore = await client.restore(databaseId, backup.id, { target: { new_database: copies.ours } }, 30);
      expect(restore).to.include({ status: 'done', error: null });
      await restoreAsDocumented(archive, { server, database: copies.public });

      const { host, port, user, password } = server;
      const contentOf = (database: string) => fingerprint({ host, port, user, password, database });
      const original = await contentOf(source.name);
      expect(await contentOf(copies.ours)).to.deep.equal(original);
      expect(await contentOf(copies.public)).to.deep.equal(original);
    });
  });
}

/** Runs the commands of docs/backup-format.md as they stand there. @returns what they printed */
async function restoreAsDocumented(
  archive: Buffer,
  target: { server: TestPostgres; database: string },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-download-'));
  const { host, port, user, password } = target.server;
  try {
    const file = join(folder, 'dump.pgdump.zst');
    writeFileSync(file, archive);
    return await runDocumented(['restore'], folder, {
      ARCHIVE: file,
      DATABASE: target.database,
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
