import { expect } from 'chai';
import { openRemoteBed, type RemoteBed } from './bed.test.ts';

const problem = (code: string, status: number, detail: string) => ({
  errors: [{ code, status: String(status), detail }],
});
const absent = '0199c0de-0000-7000-8000-000000000000';
const sizeMissing = problem('BadRequestHttpException', 400, 'A non-empty "size" query parameter must be provided.');
const notFound = problem('NotFoundHttpException', 404, 'The requested resource could not be found on the server.');
const completed = problem('ConflictHttpException', 409, 'This backup is already in a completed state.');

describe('remote dialect: upload links', () => {
  let bed: RemoteBed;
  before(async () => {
    bed = await openRemoteBed();
  });
  after(() => bed.stop());

  const get = (id: string, query = '?size=100', token = bed.node.token) =>
    bed.ask('GET', `/api/remote/backups/${id}${query}`, {
      token,
      headers: { 'content-type': 'application/json' },
    });

  it('refuses a request without a token, with a malformed one, and with one that is not known or whose secret is wrong', async () => {
    const { id } = await bed.waiting();
    const path = `/api/remote/backups/${id}?size=1`;
    const [tokenId = '', secret = ''] = bed.node.token.split('.');
    const authorised = (authorization?: string) =>
      bed.api.request('GET', path, { headers: authorization === undefined ? {} : { authorization } });
    for (const header of [undefined, 'Basic eDp5', bed.node.token]) {
      const { status, json, headers } = await authorised(header);
      expect([status, json]).to.deep.equal([
        401,
        problem('HttpException', 401, 'Access to this endpoint must include an Authorization header.'),
      ]);
      expect(headers.get('www-authenticate')).to.equal('Bearer');
    }
    for (const token of ['x', `${tokenId}.`, `.${secret}`, `${tokenId}.${secret}.x`, '.', bed.ada.token]) {
      const { status, json } = await authorised(`Bearer ${token}`);
      expect([status, json], token).to.deep.equal([
        400,
        problem('BadRequestHttpException', 400, 'The Authorization header provided was not in a valid format.'),
      ]);
    }
    for (const token of [`${tokenId}.${'x'.repeat(64)}`, `${'x'.repeat(16)}.${secret}`, 'a.b', `${tokenId}.%00`]) {
      const { status, json } = await authorised(`Bearer ${token}`);
      expect([status, json], token).to.deep.equal([
        403,
        problem('AccessDeniedHttpException', 403, 'You are not authorized to access this resource.'),
      ]);
    }
  });

  it('answers what the HTTP layer refuses in its own shape too', async () => {
    const { id } = await bed.waiting();
    const path = `/api/remote/backups/${id}`;
    const cases = [
      [await bed.ask('DELETE', path), 405, 'MethodNotAllowedHttpException'],
      [await bed.ask('GET', '/api/remote/elsewhere'), 404, 'NotFoundHttpException'],
      [
        await bed.ask('POST', path, { raw: '{', headers: { 'content-type': 'application/json' } }),
        400,
        'BadRequestHttpException',
      ],
      [
        await bed.ask('POST', path, { raw: 'a=b', headers: { 'content-type': 'text/plain' } }),
        415,
        'UnsupportedMediaTypeHttpException',
      ],
      [await bed.ask('POST', path, { body: { x: 'x'.repeat(2 ** 20) } }), 413, 'HttpException'],
    ] as const;
    for (const [{ status, json }, expected, code] of cases) {
      expect(status).to.equal(expected);
      expect(json).to.have.nested.property('errors[0].code', code);
      expect(json).to.have.nested.property('errors[0].status', String(expected));
    }
  });

  it('checks the size first, then the row, its owner, its state, and last its destination', async () => {
    const elsewhere = await bed.waiting(await bed.database({ serverId: bed.other.server.id }));
    const local = await bed.waiting(await bed.database({ destinationId: bed.ada.destination.id }));
    const ended = await bed.waiting(await bed.database({ destinationId: bed.ada.destination.id }));
    await bed.report(ended, { successful: false });
    for (const query of [
      '',
      '?size=',
      '?size=0',
      '?size=-1',
      '?size=1.5',
      '?size=x',
      '?size=1&size=2',
      '?size=9999999999999999',
    ]) {
      for (const id of [absent, elsewhere.id, ended.id, local.id]) {
        const { status, json } = await get(id, query);
        expect([status, json], `${id}${query}`).to.deep.equal([400, sizeMissing]);
      }
    }
    for (const id of [absent, 'x', '1']) {
      const { status, json } = await get(id);
      expect([status, json], id).to.deep.equal([404, notFound]);
    }
    const foreign = await get(elsewhere.id);
    expect([foreign.status, foreign.json]).to.deep.equal([
      403,
      problem('HttpForbiddenException', 403, 'You do not have permission to access that backup.'),
    ]);
    const over = await get(ended.id);
    expect([over.status, over.json]).to.deep.equal([409, completed]);
    const notS3 = await get(local.id);
    expect([notS3.status, notS3.json]).to.deep.equal([
      400,
      problem('BadRequestHttpException', 400, 'The configured backup adapter is not an S3 compatible adapter.'),
    ]);
    expect(await bed.row(local)).to.include({ status: 'scheduled' });
  });

  it("goes by the backup's own destination, whatever the database's is today", async () => {
    const database = await bed.database();
    const backup = await bed.waiting(database);
    await bed.api.deps.persistence.databases.update(bed.ada.account.id, database.id, {
      destinationId: bed.ada.destination.id,
    });
    expect((await get(backup.id)).status).to.equal(200);
  });

  it('answers 409 to a backup that is done, and 404 to one that somebody asked to delete', async () => {
    const { backup, archive } = await bed.uploaded();
    expect((await bed.report(backup, archive)).status).to.equal(204);
    const done = await get(backup.id);
    expect([done.status, done.json]).to.deep.equal([409, completed]);
    await bed.api.deps.persistence.backups.requestDeletion(bed.ada.account.id, backup.id, { graceSeconds: 0 });
    const deleted = await get(backup.id);
    expect([deleted.status, deleted.json]).to.deep.equal([404, notFound]);
    const reported = await bed.report(backup, archive);
    expect([reported.status, reported.json]).to.deep.equal([404, notFound]);
  });

  it('begins the backup and answers as many links as there are parts, which take the parts without a signature of their type', async () => {
    const backup = await bed.waiting();
    const size = 64 * 2 ** 20 + 17;
    const links = await bed.links(backup, size);
    expect(links.parts.length)
      .to.equal(Math.ceil(size / links.part_size))
      .and.be.greaterThan(1);
    expect(links.part_size).to.be.within(5 * 2 ** 20, 5 * 2 ** 30);
    const row = await bed.row(backup);
    expect(row).to.include({ status: 'pending', attempt: 1, silenceSeconds: 21_600 });
    const upload = bed.s3.openUploads().find(({ key }) => key.includes(backup.id));
    expect(upload?.key).to.match(/\/a1\/archive\.tar\.gz$/);
    const archive = await bed.upload(links, Buffer.alloc(size));
    expect(archive.parts).to.have.length(links.parts.length);
  });

  it('needs no more than 10,000 parts for a terabyte, and no more than the destination takes', async () => {
    const { destinations } = bed.api.deps.persistence;
    const terabyte = 2 ** 40;
    const many = await bed.links(await bed.waiting(), terabyte);
    expect(many.parts.length)
      .to.equal(Math.ceil(terabyte / many.part_size))
      .and.be.at.most(10_000);
    if (bed.bucket.type === 'local') throw new Error('The destination is not S3.');
    const { settings, accessKey, secretKey } = bed.bucket;
    const limited = await destinations.create(bed.ada.account.id, {
      label: 'Limited',
      type: 'custom_s3',
      settings: { ...settings, maxParts: 1000 },
      accessKey,
      secretKey,
    });
    const few = await bed.links(await bed.waiting(await bed.database({ destinationId: limited.id })), terabyte);
    expect(few.parts.length)
      .to.equal(Math.ceil(terabyte / few.part_size))
      .and.be.at.most(1000);
    const backup = await bed.waiting();
    const tooLarge = await get(backup.id, `?size=${10 * terabyte}`);
    expect([tooLarge.status, tooLarge.json]).to.have.nested.property('[1].errors[0].code', 'BadRequestHttpException');
  });

  it('aborts the earlier upload when it is asked again, and keeps the time of silence that was agreed', async () => {
    const backup = await bed.waiting();
    const open = () => bed.s3.openUploads().filter(({ key }) => key.includes(backup.id));
    await bed.api.deps.persistence.backups.claimOfServer(bed.node.server.id, 60, backup.id);
    await bed.links(backup, 100);
    const [first] = open();
    await bed.links(backup, 100);
    expect(open().map(({ uploadId }) => uploadId))
      .to.have.length(1)
      .and.not.include(first?.uploadId);
    expect(await bed.row(backup)).to.include({ status: 'pending', attempt: 1, silenceSeconds: 60 });
  });

  it('leaves one upload open after requests at the same moment, the one that is remembered', async () => {
    const backup = await bed.waiting();
    await Promise.all([1, 2, 3, 4].map(() => bed.links(backup, 100)));
    const open = bed.s3.openUploads().filter(({ key }) => key.includes(backup.id));
    const remembered = await bed.api.deps.persistence.remoteUploads.find(backup.id);
    expect(open.map(({ uploadId }) => uploadId)).to.deep.equal([remembered?.uploadId]);
  });

  it('answers 409 while another backup of the same database runs, and when somebody cancelled the backup', async () => {
    const database = await bed.database();
    const [first, second] = [await bed.waiting(database), await bed.waiting(database)];
    await bed.links(first, 100);
    const busy = await get(second.id);
    expect([busy.status, busy.json]).to.deep.equal([
      409,
      problem('ConflictHttpException', 409, 'Another backup of this database is running: wait until it has ended.'),
    ]);
    await bed.api.deps.persistence.backups.requestCancel(first.id);
    const cancelled = await get(first.id);
    expect([cancelled.status, cancelled.json]).to.deep.equal([
      409,
      problem('ConflictHttpException', 409, 'This backup was cancelled.'),
    ]);
    expect(bed.s3.openUploads().filter(({ key }) => key.includes(first.id))).to.deep.equal([]);
  });

  it('answers 5xx in its own shape while the store fails, and links once it works again', async () => {
    const backup = await bed.waiting();
    bed.s3.faults.add({ kind: 'createUpload', effect: { type: 'answer', status: 500, code: 'InternalError' } });
    const failed = await get(backup.id);
    expect(failed.status).to.equal(502);
    expect(failed.json).to.have.nested.property('errors[0].status', '502');
    bed.s3.faults.clear();
    expect((await get(backup.id)).status).to.equal(200);
  });
});
