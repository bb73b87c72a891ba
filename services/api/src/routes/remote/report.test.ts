import { createHash, randomBytes } from 'node:crypto';
import { parseManifest } from '@holdfast/pipeline';
import type { Backup } from '@holdfast/shared/domain';
import { expect } from 'chai';
import type { Answer } from '../../harness.test.ts';
import { failure, openRemoteBed, type RemoteBed } from './bed.test.ts';

const absent = '0199c0de-0000-7000-8000-000000000000';
const alreadyDone = 'Cannot update the status of a backup that is already marked as completed.';
const mebibyte = 2 ** 20;

/** What a refusal says: its status, and the code and detail of each entry. */
const refusal = ({ status, json }: Answer) => [
  status,
  ...(json['errors'] as { code: string; detail: string }[]).map(({ code, detail }) => `${code}: ${detail}`),
];

describe('remote dialect: reports of backups', () => {
  let bed: RemoteBed;
  before(async () => {
    bed = await openRemoteBed();
  });
  after(() => bed.stop());
  afterEach(() => bed.s3.faults.clear());

  const objectsOf = ({ id }: Backup) => bed.s3.objects().filter(({ key }) => key.includes(id));
  const uploadsOf = ({ id }: Backup) => bed.s3.openUploads().filter(({ key }) => key.includes(id));
  const shown = async ({ id }: Backup) => {
    const token = bed.ada.token;
    return (await bed.api.request('GET', `/api/backups/${id}`, { token })).json['database_backup'] as object;
  };
  const content = async (key: string): Promise<Buffer> => {
    const store = bed.api.deps.openStore(bed.bucket);
    const chunks: Buffer[] = [];
    for await (const chunk of await store.get(key, { signal: AbortSignal.timeout(5000) })) chunks.push(chunk as Buffer);
    await store.close();
    return Buffer.concat(chunks);
  };
  const manifestOf = async (backup: Backup) => {
    const { manifestKey } = await bed.row(backup);
    return parseManifest(await content(manifestKey ?? ''), manifestKey ?? '');
  };

  describe('the body', () => {
    const sha1 = 'a'.repeat(40);
    const good = {
      successful: true,
      checksum: sha1,
      checksum_type: 'sha1',
      size: 1,
      parts: [{ etag: '"x"', part_number: 1 }],
    };
    const wrong: [body: unknown, problems: string[]][] = [
      [undefined, ['successful required']],
      [{}, ['successful required']],
      [{ successful: 'yes' }, ['successful boolean']],
      [{ successful: null }, ['successful boolean']],
      [[], ['body array']],
      [{ successful: true }, ['checksum required_if', 'checksum_type required_if', 'size required_if']],
      [{ ...failure, successful: true }, ['checksum required_if', 'checksum_type required_if', 'size min']],
      [{ ...good, checksum: 5 }, ['checksum string']],
      [{ ...good, checksum: 'g'.repeat(40) }, ['checksum regex']],
      [{ ...good, checksum: 'a'.repeat(64) }, ['checksum size']],
      [{ ...good, checksum_type: 'sha256' }, ['checksum size']],
      [{ ...good, checksum_type: 'crc32' }, ['checksum_type in']],
      [{ ...good, size: '1' }, ['size numeric']],
      [{ ...good, size: 1.5 }, ['size integer']],
      [{ ...good, size: -1 }, ['size min']],
      [{ ...good, size: 1e30 }, ['size integer']],
      [{ ...good, parts: [] }, ['parts min']],
      [{ ...good, parts: {} }, ['parts array']],
      [{ ...good, parts: [{ part_number: 1 }] }, ['parts.0.etag required']],
      [{ ...good, parts: [{ etag: 5, part_number: 1 }] }, ['parts.0.etag string']],
      [{ ...good, parts: [{ etag: '"x"' }] }, ['parts.0.part_number required']],
      [{ ...good, parts: [{ etag: '"x"', part_number: '1' }] }, ['parts.0.part_number numeric']],
      [{ ...good, parts: [{ etag: '"x"', part_number: 0 }] }, ['parts.0.part_number min']],
      [{ ...good, parts: [{ etag: '"x"', part_number: 2 }] }, ['parts.0.part_number between']],
      [
        { ...good, parts: [1, 3, 3].map((number) => ({ etag: '"x"', part_number: number })) },
        ['parts.2.part_number distinct'],
      ],
      [{ ...good, parts: [5], checksum: '' }, ['parts.0 array', 'checksum required_if']],
      [
        { ...good, archive: { format: 'tar' } },
        [
          'archive.codecs required',
          'archive.plain required',
          'archive.tool required',
          'archive.server_version required',
        ],
      ],
    ];

    it('is checked before the row, with an entry for each problem that names the field and the rule', async () => {
      for (const [body, problems] of wrong) {
        const { status, json } = await bed.report({ id: absent }, body);
        expect(status, JSON.stringify(body)).to.equal(422);
        const entries = json['errors'] as {
          code: string;
          status: string;
          detail: string;
          meta: Record<string, string>;
        }[];
        expect(
          entries.map(({ meta }) => `${meta['source_field']} ${meta['rule']}`),
          JSON.stringify(body),
        ).to.have.members(problems);
        for (const entry of entries) {
          expect(entry).to.include({ code: 'ValidationException', status: '422' });
          expect(entry.detail).to.match(/^The .+\.$/);
        }
      }
    });

    it('is followed by the row, its owner, and its state, in that order', async () => {
      const elsewhere = await bed.waiting(await bed.database({ serverId: bed.other.server.id }));
      for (const body of [good, failure]) {
        expect(refusal(await bed.report({ id: absent }, body))).to.deep.equal([
          404,
          'NotFoundHttpException: The requested resource could not be found on the server.',
        ]);
        expect(refusal(await bed.report(elsewhere, body))).to.deep.equal([
          403,
          'HttpForbiddenException: You do not have permission to access that backup.',
        ]);
      }
      const { backup, archive } = await bed.uploaded();
      await bed.report(backup, archive);
      expect(refusal(await bed.report(backup, failure))).to.deep.equal([
        400,
        `BadRequestHttpException: ${alreadyDone}`,
      ]);
      expect(refusal(await bed.report(backup, archive, { token: bed.other.token }))[0]).to.equal(403);
    });
  });

  describe('of success', () => {
    it('puts the parts together in their order, whatever order they are reported in, and makes the backup done', async () => {
      const { backup, archive, content: sent } = await bed.uploaded(Buffer.alloc(65 * mebibyte, 'parts'));
      expect(archive.parts.length).to.be.greaterThan(1);
      expect(archive.parts[0]?.etag).to.match(/^".+"$/);
      const answer = await bed.report(backup, { ...archive, parts: archive.parts.toReversed() });
      expect([answer.status, answer.text]).to.deep.equal([204, '']);
      const row = await bed.row(backup);
      expect(row).to.include({ status: 'done', size: sent.length, error: null });
      const [file] = await bed.api.deps.persistence.backups.files(backup.id);
      expect((await content(file?.key ?? '')).equals(sent)).to.equal(true);
      expect(await shown(backup)).to.deep.include({
        status: 'done',
        size: sent.length,
        checksum: `sha1:${createHash('sha1').update(sent).digest('hex')}`,
      });
      expect(uploadsOf(backup)).to.deep.equal([]);
    });

    for (const given of ['null', 'absent'] as const) {
      it(`takes the parts that the store has when they are ${given}`, async () => {
        const { backup, archive } = await bed.uploaded(randomBytes(6 * mebibyte));
        const { parts: _parts, ...rest } = archive;
        const { status } = await bed.report(backup, given === 'null' ? { ...rest, parts: null } : rest);
        expect(status).to.equal(204);
        expect(await bed.row(backup)).to.include({ status: 'done', size: archive.size });
      });
    }

    it('leaves a manifest that says what was reported, and no more than that', async () => {
      const { backup, archive } = await bed.uploaded();
      await bed.report(backup, { ...archive, checksum: archive.checksum.toUpperCase() });
      const manifest = await manifestOf(backup);
      expect(manifest).to.include({ backupId: backup.id, engine: 'files', attempt: 1 });
      const [file] = manifest.files;
      const [row] = await bed.api.deps.persistence.backups.files(backup.id);
      expect(file).to.deep.include({
        id: row?.id,
        name: 'archive.tar.gz',
        key: row?.key,
        format: 'tar',
        codecs: ['gzip'],
        plain: null,
        stored: { size: archive.size, sha1: archive.checksum },
      });
      expect(objectsOf(backup).map(({ key }) => key)).to.have.members([row?.key, (await bed.row(backup)).manifestKey]);
    });

    it('leaves a complete manifest when the archive is described', async () => {
      const backup = await bed.waiting(await bed.database({ type: 'postgresql' }));
      const sent = randomBytes(1000);
      const archive = await bed.upload(await bed.links(backup, sent.length), sent);
      const details = {
        format: 'pg_dump-custom',
        codecs: ['gzip'],
        plain: { size: 5000, sha256: 'b'.repeat(64) },
        tool: { name: 'pg_dump', version: '15.1' },
        server_version: '15.4',
      };
      const sha256 = createHash('sha256').update(sent).digest('hex');
      const answer = await bed.report(backup, {
        ...archive,
        checksum: sha256,
        checksum_type: 'sha256',
        archive: details,
      });
      expect(answer.status, answer.text).to.equal(204);
      const manifest = await manifestOf(backup);
      expect(manifest).to.deep.include({ engine: 'postgresql', serverVersion: '15.4', tool: details.tool });
      expect(manifest.files[0]).to.deep.include({
        name: 'dump.pgdump.gz',
        format: 'pg_dump-custom',
        plain: details.plain,
        stored: { size: 1000, sha256 },
      });
    });

    it('answers 204 to the same report again, and 400 to one with another checksum', async () => {
      const { backup, archive } = await bed.uploaded();
      expect((await bed.report(backup, archive)).status).to.equal(204);
      const before = bed.s3.objects();
      expect((await bed.report(backup, archive)).status).to.equal(204);
      for (const other of [{ checksum: 'b'.repeat(40) }, { checksum: 'b'.repeat(64), checksum_type: 'sha256' }]) {
        expect(refusal(await bed.report(backup, { ...archive, ...other }))).to.deep.equal([
          400,
          `BadRequestHttpException: ${alreadyDone}`,
        ]);
      }
      expect(bed.s3.objects()).to.deep.equal(before);
    });

    it('is taken once of reports at the same moment, and the others are asked to come again', async () => {
      const { backup, archive } = await bed.uploaded(randomBytes(6 * mebibyte));
      const answers = await Promise.all([1, 2, 3].map(() => bed.report(backup, archive)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses).to.include(204);
      expect(statuses.filter((status) => status !== 204 && status !== 503)).to.deep.equal([]);
      expect((await bed.report(backup, archive)).status).to.equal(204);
      const files = await bed.api.deps.persistence.backups.files(backup.id);
      expect((await manifestOf(backup)).files.map(({ id }) => id)).to.deep.equal(files.map(({ id }) => id));
    });

    const never: [name: string, change: object][] = [
      ['another size than the store has', { size: 9999 }],
      ['the ETag of another part', { parts: [{ etag: `"${'0'.repeat(32)}"`, part_number: 1 }] }],
    ];
    for (const [name, change] of never) {
      it(`with ${name} is refused for good, leaves the backup as it was, and the right one is taken after it`, async () => {
        const { backup, archive } = await bed.uploaded();
        const [status, detail] = refusal(await bed.report(backup, { ...archive, ...change }));
        expect(status).to.equal(400);
        expect(detail)
          .to.match(/^BadRequestHttpException: .+/)
          .and.not.include(bed.s3.secretKey);
        expect(await bed.row(backup)).to.include({ status: 'pending', attempt: 1 });
        expect((await bed.report(backup, archive)).status).to.equal(204);
      });
    }

    it('without an upload, or of one that is gone, is refused for good', async () => {
      const archive = { successful: true, checksum: 'a'.repeat(40), checksum_type: 'sha1', size: 5, parts: null };
      const waiting = await bed.waiting();
      expect(refusal(await bed.report(waiting, archive))).to.deep.equal([
        400,
        'BadRequestHttpException: No upload was begun for this backup.',
      ]);
      await bed.api.deps.persistence.backups.claimOfServer(bed.node.server.id, 60, waiting.id);
      expect(refusal(await bed.report(waiting, archive))[0]).to.equal(400);
      const { backup, archive: uploaded } = await bed.uploaded();
      const [upload] = uploadsOf(backup);
      if (!upload) throw new Error('There is no upload.');
      const store = bed.api.deps.openStore(bed.bucket);
      await store.abortUpload({ ...upload, startedAt: new Date() });
      await store.close();
      expect(refusal(await bed.report(backup, uploaded))[0]).to.equal(400);
      expect(await bed.row(backup)).to.include({ status: 'pending' });
    });

    it('while the store fails leaves the backup as it was, answers 5xx, and is taken when it comes again', async () => {
      for (const kind of ['completeUpload', 'listParts', 'headObject', 'putObject'] as const) {
        const { backup, archive } = await bed.uploaded();
        bed.s3.faults.add({ kind, effect: { type: 'answer', status: 500, code: 'InternalError' } });
        const failed = await bed.report(backup, archive);
        expect(failed.status, kind).to.equal(502);
        expect(failed.json).to.have.nested.property('errors[0].status', '502');
        expect(await bed.row(backup), kind).to.include({ status: 'pending', attempt: 1 });
        bed.s3.faults.clear();
        const again = await bed.report(backup, archive);
        expect(again.status, `${kind}: ${again.text}`).to.equal(204);
        expect(await bed.row(backup)).to.include({ status: 'done', size: archive.size });
      }
    });

    it('is taken when an earlier one had put the object together and its answer was lost', async () => {
      const { backup, archive } = await bed.uploaded();
      bed.s3.faults.add(
        { kind: 'completeUpload', effect: { type: 'dropAfter' } },
        { kind: 'headObject', effect: { type: 'answer', status: 500, code: 'InternalError' } },
      );
      expect((await bed.report(backup, archive)).status).to.equal(502);
      expect(objectsOf(backup)).to.have.length(1);
      bed.s3.faults.clear();
      expect((await bed.report(backup, archive)).status).to.equal(204);
      expect(await bed.row(backup)).to.include({ status: 'done' });
    });

    it('is answered well within 30 seconds by a store that never answers', async () => {
      const { backup, archive } = await bed.uploaded();
      bed.s3.faults.add({ kind: 'completeUpload', effect: { type: 'stall' } });
      const begun = performance.now();
      expect((await bed.report(backup, archive)).status).to.be.within(500, 599);
      expect(performance.now() - begun).to.be.lessThan(25_000);
      expect(await bed.row(backup)).to.include({ status: 'pending' });
      bed.s3.faults.clear();
      expect((await bed.report(backup, archive)).status).to.equal(204);
    });

    it('extends the time of silence before the store is asked', async () => {
      const { backup, archive } = await bed.uploaded();
      const { backups } = bed.api.deps.persistence;
      await bed.api.own.query(
        `update holdfast.backups set lease_until = now() - interval '1 second' where id = '${backup.id}'`,
      );
      bed.s3.faults.add({ kind: 'completeUpload', effect: { type: 'slow', ms: 300 } });
      const reported = bed.report(backup, archive);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(await backups.reapExpired(100, 0)).to.deep.equal([]);
      expect((await reported).status).to.equal(204);
    });
  });

  describe('of failure', () => {
    it('aborts the upload and shows an error, no checksum and the size 0, and may come again', async () => {
      const { backup } = await bed.uploaded();
      for (const _ of [1, 2]) {
        const { status, text } = await bed.report(backup, failure);
        expect([status, text]).to.deep.equal([204, '']);
      }
      expect(uploadsOf(backup)).to.deep.equal([]);
      expect(await shown(backup)).to.deep.include({
        status: 'error',
        size: 0,
        checksum: null,
        error: { code: 'remote_failed', message: 'The remote server reported that it failed.' },
      });
    });

    it('is taken before any upload was begun, and says cancelled where somebody cancelled', async () => {
      const waiting = await bed.waiting();
      expect((await bed.report(waiting, { successful: false })).status).to.equal(204);
      expect(await bed.row(waiting)).to.include({ status: 'error' });
      const { backup } = await bed.uploaded();
      await bed.api.deps.persistence.backups.requestCancel(backup.id);
      expect((await bed.report(backup, failure)).status).to.equal(204);
      expect((await bed.row(backup)).error?.code).to.equal('cancelled');
    });

    it('is taken also while the store is out of reach', async () => {
      const { backup } = await bed.uploaded();
      bed.s3.faults.add({ kind: 'abortUpload', effect: { type: 'answer', status: 500, code: 'InternalError' } });
      expect((await bed.report(backup, failure)).status).to.equal(204);
      expect(await bed.row(backup)).to.include({ status: 'error' });
    });

    it('may be followed by one of success while the object is there, and is explained when it is not', async () => {
      const { backup, archive } = await bed.uploaded();
      bed.s3.faults.add({ kind: 'putObject', effect: { type: 'answer', status: 500, code: 'InternalError' } });
      expect((await bed.report(backup, archive)).status).to.equal(502);
      bed.s3.faults.clear();
      expect((await bed.report(backup, failure)).status).to.equal(204);
      expect(await bed.row(backup)).to.include({ status: 'error' });
      expect((await bed.report(backup, archive)).status).to.equal(204);
      expect(await bed.row(backup)).to.include({ status: 'done', error: null });

      const lost = await bed.uploaded();
      await bed.report(lost.backup, failure);
      const [status, detail] = refusal(await bed.report(lost.backup, lost.archive));
      expect([status, typeof detail]).to.deep.equal([400, 'string']);
      expect(await bed.row(lost.backup)).to.include({ status: 'error' });
    });
  });

  describe('after a silence', () => {
    const abandon = async ({ id }: Backup) => {
      await bed.api.own.query(
        `update holdfast.backups set lease_until = now() - interval '1 second' where id = '${id}'`,
      );
      const reaped = await bed.api.deps.persistence.backups.reapExpired(100, 0);
      expect(reaped.map((one) => one.id)).to.include(id);
    };

    it('of success revives the backup that was given up', async () => {
      const { backup, archive } = await bed.uploaded();
      await abandon(backup);
      expect(await shown(backup)).to.deep.include({ status: 'error', checksum: null });
      expect((await bed.row(backup)).error?.code).to.equal('abandoned');
      expect((await bed.report(backup, archive)).status).to.equal(204);
      expect(await bed.row(backup)).to.include({ status: 'done', error: null, attempt: 1 });
      const swept = await bed.api.deps.persistence.backups.takeSweepable(100, 0, 0);
      expect(swept.map(({ backupId }) => backupId)).to.not.include(backup.id);
    });

    it('is refused for good once the sweep has taken what was stored', async () => {
      const { backup, archive } = await bed.uploaded();
      await abandon(backup);
      const swept = await bed.api.deps.persistence.backups.takeSweepable(100, 0, 0);
      expect(swept.map(({ backupId }) => backupId)).to.include(backup.id);
      const [status, detail] = refusal(await bed.report(backup, archive));
      expect(status).to.equal(400);
      expect(detail).to.include('removed');
      expect(await bed.row(backup)).to.include({ status: 'error' });
    });
  });
});
