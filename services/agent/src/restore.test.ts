import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createEngines } from '@holdfast/engines';
import { manifestText, zstd } from '@holdfast/pipeline';
import type { Manifest, RemoteJob } from '@holdfast/shared/contracts';
import { fingerprint, sampleStatements } from '@holdfast/testing/engines';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createSources, type Source } from './sources/index.ts';
import { openBed, type Bed } from './testing/bed.ts';
import { treeOf } from '@holdfast/testing/trees';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const databaseId = '0190a1b2-0000-7000-8000-000000000000';

describe('restore on a remote server', function suite() {
  let bed: Bed;
  let site: string;
  beforeEach(async () => {
    bed = await openBed();
    site = join(bed.folder, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'a'), 'the content of the backup');
  });
  afterEach(async function close() {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.log());
    await bed.close();
  });

  const siteSource = (): Record<string, Source> => sources({ site: { directory: { path: site, ignore: [] } } });
  const sources = (entries: Parameters<typeof createSources>[0]['sources']): Record<string, Source> =>
    Object.fromEntries(createSources({ sources: entries }, createEngines({ clientFolders: [], fileRoots: ['/'] })));

  /** Backs up by the agent, and puts what it uploaded and reported where a restore finds it. */
  async function backUp(name: string, type: 'files' | 'postgresql'): Promise<Manifest> {
    const { backup_id: backupId } = bed.double.offer({ database: { id: databaseId, name, type } });
    const report = await until('the report', 15, () => bed.double.reports.pop());
    expect(report).to.include({ successful: true });
    const { archive } = report as { archive: { format: string; plain: { size: number; sha256: string } } };
    return publish(backupId, type, bed.double.archive(), {
      format: archive.format,
      codecs: ['gzip'],
      plain: archive.plain,
    });
  }

  function publish(
    backupId: string,
    engine: 'files' | 'postgresql',
    stored: Buffer,
    about: Pick<Manifest['files'][number], 'format' | 'codecs' | 'plain'>,
  ): Manifest {
    const manifest: Manifest = {
      version: 1,
      backupId,
      databaseId,
      attempt: 1,
      name: 'x',
      engine,
      database: 'x',
      serverVersion: '',
      tool: { name: 'x', version: '' },
      lineage: {
        databaseName: 'x',
        method: 'manual',
        scheduleId: null,
        scheduledFor: null,
        createdAt: new Date(0).toISOString(),
      },
      recipients: null,
      startedAt: new Date(0).toISOString(),
      completedAt: new Date(0).toISOString(),
      files: [
        {
          id: randomUUID(),
          role: 'dump',
          name: 'x',
          key: 'x',
          ...about,
          unencrypted: null,
          stored: { size: stored.length, sha256: sha256(stored) },
        },
      ],
    };
    bed.double.files.set('archive', stored);
    bed.double.files.set('manifest', Buffer.from(manifestText(manifest)));
    return manifest;
  }

  function offer(
    manifest: Manifest,
    name: string,
    target: NonNullable<RemoteJob['restore']>['target'] = { in_place: true },
  ): RemoteJob {
    return bed.double.offer({
      kind: 'restore',
      backup_id: manifest.backupId,
      database: { id: databaseId, name, type: manifest.engine },
      restore: {
        target,
        ownership: 'keep',
        manifest_url: bed.double.link('manifest'),
        manifest_sha256: sha256(Buffer.from(manifestText(manifest))),
        files: [{ id: manifest.files[0]?.id ?? '', url: bed.double.link('archive') }],
      },
    });
  }

  const restored = async (): Promise<unknown> => {
    const report = await until('the report of the restore', 20, () => bed.double.restoreReports.shift());
    await until('the spool to be empty', 15, () => bed.spooled().length === 0);
    return report['successful'];
  };

  it('brings a directory back in place, and under another name beside it', async () => {
    bed.start(siteSource());
    const before = treeOf(site);
    const manifest = await backUp('site', 'files');
    writeFileSync(join(site, 'a'), 'changed');
    writeFileSync(join(site, 'b'), 'new');
    offer(manifest, 'site');
    expect(await restored()).to.equal(true);
    expect(treeOf(site)).to.deep.equal(before);
    offer(manifest, 'site', { new_database: 'copy' });
    expect(await restored()).to.equal(true);
    expect(treeOf(join(bed.folder, 'copy'))).to.deep.equal(before);
    expect(bed.log()).not.to.contain('hunter2');
  });

  it('says why a restore failed, and never that a whole archive is damaged', async () => {
    writeFileSync(join(site, 'large'), randomBytes(4 * 1024 * 1024));
    bed.start(siteSource());
    const manifest = await backUp('site', 'files');
    mkdirSync(join(bed.folder, 'taken'));
    offer(manifest, 'site', { new_database: 'taken' });
    expect(await restored()).to.equal(false);
    expect(bed.log()).to.contain('"code":"restore_target_exists"').and.not.contain('damaged');
    execFileSync('mkfifo', [join(site, 'pipe')]);
    const hostile = execFileSync('tar', ['-czf', '-', '-C', site, './pipe', './large'], { maxBuffer: 2 ** 24 });
    offer(publish(randomUUID(), 'files', hostile, { format: 'tar', codecs: ['gzip'], plain: null }), 'site');
    expect(await restored()).to.equal(false);
    expect(bed.log()).to.contain('The archive is refused at its member').and.not.contain('damaged');
  });

  it('downloads again what broke off or was refused for a moment', async () => {
    bed.start(siteSource());
    const manifest = await backUp('site', 'files');
    writeFileSync(join(site, 'a'), 'changed');
    bed.double.fault('download', { type: 'answer', status: 503 });
    bed.double.fault('download', { type: 'cut', bytes: 20 });
    bed.double.fault('download', { type: 'cut', bytes: 30 });
    bed.double.fault('restoreReport', { type: 'answer', status: 500 });
    offer(manifest, 'site');
    expect(await restored()).to.equal(true);
    expect(readFileSync(join(site, 'a'), 'utf8')).to.equal('the content of the backup');
  });

  const damages: [name: string, damage: (bytes: Buffer, manifest: Manifest) => Buffer][] = [
    ['one other byte', (bytes) => Buffer.from(bytes).fill(bytes.at(-1) ?? 0, 30, 31)],
    ['a byte less', (bytes) => bytes.subarray(0, -1)],
    ['a byte more', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
    ['nothing', () => Buffer.alloc(0)],
  ];
  for (const [name, damage] of damages) {
    it(`touches nothing when the archive has ${name}`, async () => {
      const touched: string[] = [];
      const [real] = Object.values(siteSource());
      if (!real) throw new Error('no source');
      const watched: Source = {
        ...real,
        restore: (...all) => {
          touched.push('restore');
          return real.restore(...all);
        },
      };
      bed.start({ site: watched });
      const manifest = await backUp('site', 'files');
      writeFileSync(join(site, 'a'), 'changed');
      bed.double.files.set('archive', damage(bed.double.files.get('archive') ?? Buffer.alloc(0), manifest));
      offer(manifest, 'site');
      expect(await restored()).to.equal(false);
      expect(touched).to.deep.equal([]);
      expect(readFileSync(join(site, 'a'), 'utf8')).to.equal('changed');
      expect(bed.log()).to.contain('"integrity"');
    });
  }

  it('refuses a manifest of another backup, of another kind, or that is none', async () => {
    bed.start(siteSource());
    const manifest = await backUp('site', 'files');
    const wrong = [
      manifestText({ ...manifest, backupId: randomUUID() }),
      manifestText({ ...manifest, engine: 'postgresql' }),
      manifestText({ ...manifest, name: 'of another time' }),
      manifestText({ ...manifest, database: 'y' }).replace('"y"', '"z"'),
      JSON.stringify({ ...manifest, files: [] }),
      'nonsense',
    ];
    for (const text of wrong) {
      bed.double.files.set('manifest', Buffer.from(text));
      offer(manifest, 'site');
      expect(await restored()).to.equal(false);
    }
    expect(readdirSync(bed.folder).sort()).to.deep.equal(['site', 'spool']);
  });

  it('restores an archive that a worker made, with zstd', async () => {
    bed.start(siteSource());
    const first = await backUp('site', 'files');
    const plain = gunzipSync(bed.double.archive());
    const encoder = zstd().encode();
    encoder.end(Buffer.from(plain));
    const stored = Buffer.concat(await encoder.toArray());
    const manifest = publish(first.backupId, 'files', stored, {
      format: 'tar',
      codecs: ['zstd'],
      plain: { size: plain.length, sha256: sha256(plain) },
    });
    writeFileSync(join(site, 'a'), 'changed');
    offer(manifest, 'site');
    expect(await restored()).to.equal(true);
    expect(readFileSync(join(site, 'a'), 'utf8')).to.equal('the content of the backup');
  });

  it('refuses an encrypted backup before it downloads it, and changes nothing', async () => {
    bed.start(siteSource());
    const manifest = await backUp('site', 'files');
    const [file] = manifest.files;
    const encrypted = { ...manifest, files: [{ ...file, codecs: ['zstd', 'age'] }] } as Manifest;
    bed.double.files.set('manifest', Buffer.from(manifestText(encrypted)));
    bed.double.files.delete('archive');
    offer(encrypted, 'site');
    expect(await restored()).to.equal(false);
    expect(bed.log()).to.contain('"key_missing"');
    expect(readFileSync(join(site, 'a'), 'utf8')).to.equal('the content of the backup');
  });

  describe('of PostgreSQL', () => {
    let source: TestDatabase;
    before(async () => {
      source = await testDatabase();
      await source.query(...sampleStatements(200));
    });
    after(() => source.drop());

    it('brings a database back in place and as a new one, with the same content', async () => {
      const { host, port, user, password, name } = source;
      const passwordFile = join(bed.folder, 'password');
      writeFileSync(passwordFile, `${password}\n`);
      bed.start(sources({ shop: { postgresql: { host, port, user, passwordFile, database: name } } }));
      const contentOf = (database: string) => fingerprint({ host, port, user, password, database });
      const original = await contentOf(name);
      const manifest = await backUp('shop', 'postgresql');
      await source.query('create table added_later (id int)');
      offer(manifest, 'shop');
      expect(await restored()).to.equal(true);
      expect(await contentOf(name)).to.deep.equal(original);
      const copy = `${name}_copy`;
      offer(manifest, 'shop', { new_database: copy });
      expect(await restored()).to.equal(true);
      expect(await contentOf(copy)).to.deep.equal(original);
      offer(manifest, 'shop', { new_database: copy });
      expect(await restored()).to.equal(false);
      expect(bed.log()).to.contain('restore_target_exists');
      expect(bed.log()).not.to.contain(password);
    });

    it('reports a backup with a wrong password as failed, and says why without it', async () => {
      const { host, port, name } = source;
      const passwordFile = join(bed.folder, 'password');
      writeFileSync(passwordFile, 'hunter2-wrong');
      bed.start(sources({ shop: { postgresql: { host, port, user: 'nobody_here', passwordFile, database: name } } }));
      bed.double.offer({ database: { id: databaseId, name: 'shop', type: 'postgresql' } });
      expect(await until('the report', 15, () => bed.double.reports.pop())).to.deep.equal({ successful: false });
      expect(bed.log()).to.contain('auth_failed').and.not.to.contain('hunter2');
    });
  });
});
