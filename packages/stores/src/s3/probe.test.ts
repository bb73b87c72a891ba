import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret, type S3Settings } from '@holdfast/shared/domain';
import { startS3, type Effect, type RequestKind, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;

describe('the trial of a destination in S3', () => {
  let server: TestS3;
  beforeEach(async () => {
    server = await startS3();
  });
  afterEach(() => server.stop());

  async function problemsWith(settings: Partial<S3Settings> = {}): Promise<string[]> {
    const destination = s3Destination(server, settings);
    const store = openS3Store(destination, testSettings, {
      requestAttempts: 1,
      idleTimeoutMs: 500,
      checkTimeoutMs: 2000,
    });
    const { ok, problems } = await store.probe(signal);
    await store.close();
    expect(ok).to.equal(problems.length === 0);
    for (const problem of problems) {
      expect(problem).to.match(/\.$/);
      expect(problem).to.not.include(server.secretKey).and.not.include(server.accessKey);
    }
    return problems;
  }

  it('finds nothing wrong with a good one and leaves nothing there', async () => {
    expect(await problemsWith()).to.deep.equal([]);
    expect(server.objects()).to.deep.equal([]);
    expect(server.openUploads()).to.deep.equal([]);
    expect(server.requests).to.include({
      putObject: 1,
      getObject: 1,
      createUpload: 1,
      completeUpload: 1,
      deleteObject: 1,
    });
  });

  const denied: Effect = { type: 'answer', status: 403, code: 'AccessDenied' };
  const cases: [what: string, kind: RequestKind, effect: Effect, words: RegExp][] = [
    ['the permission to write is missing', 'putObject', denied, /^Writing an object failed: .*denied.*permission/],
    ['the permission to look at objects is missing', 'headObject', denied, /denied.*permission to read/],
    ['the permission to read is missing', 'getObject', denied, /^Reading the object back failed: .*denied.*permission/],
    ['the permission to list is missing', 'listObjects', denied, /^Listing objects failed.*denied.*permission/],
    ['the permission to list uploads is missing', 'listUploads', denied, /^Listing unfinished uploads failed.*denied/],
    ['the permission to delete is missing', 'deleteObject', denied, /^Removing the object .* failed, so old backups/],
    ['the permission to upload in parts is missing', 'createUpload', denied, /^Uploading in parts failed, .*denied/],
    [
      'the provider has no uploads in parts',
      'createUpload',
      { type: 'answer', status: 501, code: 'NotImplemented', message: 'No multipart here.' },
      /^Uploading in parts failed, which every larger backup needs: .*NotImplemented/,
    ],
    [
      'parts are not put together',
      'completeUpload',
      { type: 'errorInside200', code: 'InternalError' },
      /^Uploading in parts failed, which every larger backup needs: /,
    ],
    [
      'the clock is wrong',
      'listObjects',
      { type: 'answer', status: 403, code: 'RequestTimeTooSkewed' },
      /clock is wrong/,
    ],
    ['the bytes come back wrong', 'putObject', { type: 'loseByte' }, /^Writing an object failed: /],
    ['the store is silent', 'putObject', { type: 'stall' }, /^Writing an object failed: .*did not answer/],
    ['the store has no space', 'putObject', { type: 'answer', status: 507, code: 'QuotaExceeded' }, /no space left/],
  ];
  for (const [what, kind, effect, words] of cases) {
    it(`tells that ${what}`, async () => {
      server.faults.add({ kind, effect });
      const problems = await problemsWith();
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(words);
      expect(server.openUploads()).to.deep.equal([]);
    });
  }

  it('tells that several things are missing', async () => {
    server.faults.add({ kind: 'getObject', effect: denied }, { kind: 'deleteObject', effect: denied });
    expect(await problemsWith()).to.have.length(2);
  });

  it('tells which region the bucket is in', async () => {
    expect((await problemsWith({ region: 'eu-west-1' })).join()).to.match(
      /is in the region us-east-1, not eu-west-1: correct the destination's region/,
    );
  });

  it('tells that the bucket does not exist', async () => {
    expect((await problemsWith({ bucket: 'missing' })).join()).to.match(
      /bucket "missing" does not exist .*create it, or correct the destination/,
    );
  });

  it('tells that the secret key is wrong', async () => {
    const store = openS3Store({ ...s3Destination(server), secretKey: new Secret('another') }, testSettings);
    expect((await store.probe(signal)).problems.join()).to.match(/refused the access key or secret key/);
    await store.close();
  });

  for (const [status, words] of [
    [200, /answered something that is not S3: correct the endpoint\.$/],
    [404, /answered something that is not S3: correct the endpoint\.$/],
    [502, /answered with status 502\.$/],
  ] as const) {
    it(`tells in words of its own that a page comes with status ${status}`, async () => {
      const web = createServer((_request, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<!doctype html><p>It works <br> here');
      });
      await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = web.address() as AddressInfo;
        const problems = await problemsWith({ endpoint: `http://127.0.0.1:${port}` });
        expect(problems.join())
          .to.match(words)
          .and.not.match(/Deserialization|@aws-sdk|\$response/);
      } finally {
        web.closeAllConnections();
        await new Promise((resolve) => web.close(resolve));
      }
    });
  }

  it('tells that nobody listens there', async () => {
    await server.pause();
    expect((await problemsWith()).join()).to.match(/refuses connections/);
  });
});
