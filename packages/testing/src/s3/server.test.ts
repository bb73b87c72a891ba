import { expect } from 'chai';
import { createHash, createHmac } from 'node:crypto';
import { startS3, type TestS3 } from './index.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Signs by AWS's description of Signature Version 4, without any of the server's code. */
function signed(
  server: TestS3,
  method: string,
  path: string,
  body: string,
  changed: Record<string, string> = {},
  more: Record<`x-amz-checksum-${string}`, string> = {},
) {
  const date = changed['date'] ?? new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = date.slice(0, 8);
  const region = changed['region'] ?? server.region;
  const payload = changed['payload'] ?? sha256(body);
  const [pathname = '', query = ''] = path.split('?');
  const host = `127.0.0.1:${server.port}`;
  // `more` comes before the others in the order of names.
  const headers = { host, ...more, 'x-amz-content-sha256': payload, 'x-amz-date': date };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = [method, pathname, query, ...lines, '', names, payload].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${server.secretKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${server.accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { authorization, 'x-amz-date': date, 'x-amz-content-sha256': payload, ...more };
}

describe('the S3 test server', () => {
  let server: TestS3;
  before(async () => {
    server = await startS3();
  });
  after(() => server.stop());

  const send = async (
    method: string,
    path: string,
    body = '',
    headers: Record<string, string> = signed(server, method, path, body),
  ): Promise<{ status: number; text: string; headers: Headers }> => {
    const init = method === 'GET' || method === 'DELETE' ? {} : { body };
    const answer = await fetch(`${server.endpoint}${path}`, { method, headers, ...init });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };

  it('takes a request that is signed as AWS describes it', async () => {
    expect(await send('PUT', '/backups/x', 'hello')).to.include({ status: 200 });
    const read = await send('GET', '/backups/x');
    expect(read).to.include({ status: 200, text: 'hello' });
    expect(read.headers.get('etag')).to.equal(`"${createHash('md5').update('hello').digest('hex')}"`);
  });

  const refused: [string, string, number, (server: TestS3) => Record<string, string>][] = [
    ['no signature', 'AccessDenied', 403, () => ({})],
    ['a signature of another path', 'SignatureDoesNotMatch', 403, (it) => signed(it, 'PUT', '/backups/y', 'hello')],
    ['a signature of another body', 'XAmzContentSHA256Mismatch', 400, (it) => signed(it, 'PUT', '/backups/z', 'other')],
    ['an old signature', 'RequestTimeTooSkewed', 403, (it) => signed(it, 'PUT', '/backups/z', 'hello', { date: '20200101T000000Z' })],
    ['a signature for another region', 'AuthorizationHeaderMalformed', 400, (it) => signed(it, 'PUT', '/backups/z', 'hello', { region: 'eu-west-1' })],
    ['a wrong Content-MD5', 'BadDigest', 400, (it) => ({ ...signed(it, 'PUT', '/backups/z', 'hello'), 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })],
    ['a wrong CRC32', 'BadDigest', 400, (it) => signed(it, 'PUT', '/backups/z', 'hello', {}, { 'x-amz-checksum-crc32': 'AAAAAA==' })],
    ['a header that the signature does not cover', 'AccessDenied', 403, (it) => ({ ...signed(it, 'PUT', '/backups/z', 'hello'), 'x-amz-checksum-crc32': 'NhCmhg==' })],
  ]; // prettier-ignore
  for (const [what, code, status, headers] of refused) {
    it(`refuses ${what} with ${code} and keeps nothing`, async () => {
      const answer = await send('PUT', '/backups/z', 'hello', headers(server));
      expect(answer.status).to.equal(status);
      expect(answer.text).to.include(`<Code>${code}</Code>`);
      expect(server.objects().map(({ key }) => key)).to.not.include('z');
    });
  }

  it('takes a right CRC32', async () => {
    const headers = signed(server, 'PUT', '/backups/crc', 'hello', {}, { 'x-amz-checksum-crc32': 'NhCmhg==' });
    expect(await send('PUT', '/backups/crc', 'hello', headers)).to.include({ status: 200 });
  });

  it('checks parts when an upload is completed', async () => {
    const started = await send('POST', '/backups/parts?uploads=');
    const id = /<UploadId>(.*)<\/UploadId>/.exec(started.text)?.[1] ?? '';
    const tags: string[] = [];
    for (const number of [1, 2]) {
      const part = await send('PUT', `/backups/parts?partNumber=${number}&uploadId=${id}`, `part ${number}`);
      tags.push(part.headers.get('etag') ?? '');
    }
    const complete = async (numbers: number[], etags: string[]): Promise<string> => {
      const parts = numbers.map(
        (number, at) => `<Part><PartNumber>${number}</PartNumber><ETag>${etags[at]}</ETag></Part>`,
      );
      const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      return (await send('POST', `/backups/parts?uploadId=${id}`, body)).text;
    };
    const [one = '', two = ''] = tags;
    expect(await complete([2, 1], [two, one])).to.include('InvalidPartOrder');
    expect(await complete([1, 2], [two, one])).to.include('InvalidPart');
    expect(await complete([1, 3], [one, two])).to.include('InvalidPart');
    expect(await complete([1, 2], [one, two])).to.include('EntityTooSmall');
    expect(await complete([2], [two])).to.include('CompleteMultipartUploadResult');
    expect(await complete([2], [two])).to.include('NoSuchUpload');
    expect((await send('GET', '/backups/parts')).text).to.equal('part 2');
  });
});
