import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { openApi, type Tenant, type TestApi } from './harness.test.ts';
import { routes } from './index.ts';

const deep = '['.repeat(50_000) + ']'.repeat(50_000);
const fieldNames = [
  'database',
  'name',
  'type',
  'host',
  'port',
  'user',
  'password',
  'options',
  'sslmode',
  'ca',
  'destination_id',
  'periodic_backups_enabled',
  'periodic_backups_scheduled_at',
  'cron',
  'timezone',
  'retention',
  'keep_last',
  'enabled',
  'overlap',
  'target',
  'new_database',
  'in_place',
  'ownership',
  'label',
  's3_bucket_name',
  's3_region',
  's3_access_key',
  's3_secret_key',
  'custom_s3_endpoint',
  'path_style_endpoint',
  'path',
  's3_prefix',
  's3_max_parts',
  '__proto__',
  'constructor',
  'toString',
];
const strangeTexts = [
  '',
  '\u0000',
  '\ud800',
  '\udfff',
  "' or 1=1 --",
  '../../etc/passwd',
  '%s%n',
  'x'.repeat(5000),
  '🦥',
  '-1',
  '1e999',
];
const plausible = [
  'postgresql',
  'local',
  's3',
  'custom_s3',
  'db.example.com',
  '0 3 * * *',
  'UTC',
  'verify-full',
  'http://x.example',
];

const scalar = fc.oneof(
  fc.constantFrom(...strangeTexts, ...plausible),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(0, -1, 1.5, 5432, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, true, false, null),
);
const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...fieldNames), tie('value'), { maxKeys: 12 }),
  ),
}));

const rawBodies: Uint8Array[] = [
  '{"__proto__":{"admin":true},"database":{"__proto__":{"name":"x"}}}',
  `{"database":${deep}}`,
  `{"database":{"options":{"__proto__":1,"constructor":{"prototype":1}}}}`,
  '{"database":{"name":"a","name":"b"}}',
  '{"cron":"* * * * * * * *","timezone":"../../etc/localtime"}',
  `{"x":${'9'.repeat(10_000)}}`,
  '\ufeff{}',
  '{"a":1}{"b":2}',
  'NaN',
].map((text) => new TextEncoder().encode(text));
rawBodies.push(
  Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  Uint8Array.of(0xff, 0xfe, 0x00),
  Uint8Array.of(0),
);

describe('any input', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  // The test of a connection goes out to other servers and reads no body.
  const tried = routes.filter(({ path }) => !path.endsWith('/test'));

  const send = (method: string, path: string, raw: Uint8Array | null, type = 'application/json') =>
    new Promise<number>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${ada.token}`,
        ...(raw ? { 'content-type': type, 'content-length': raw.length } : {}),
      };
      const asked = httpRequest(`${api.url}/`, { method, path, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.on('error', reject).end(raw ?? undefined);
    });

  const paths = (path: string): string[] => {
    if (!path.includes(':')) return [path];
    const own = path.replace(':db', ada.database.name).replace(':id', String(ada.destination.id));
    const strange = ['%00', '%ff', '%ed%a0%80', "'%20or%201=1", '..%2f..%2fetc', '%F0%9F%A6%A5', 'x'.repeat(4000)];
    return [own, ...strange.map((id) => path.replaceAll(/:\w+/g, id))];
  };

  it('never makes the service fail, whatever the path', async () => {
    for (const { method, path } of tried) {
      for (const one of paths(path)) {
        for (const query of ['', '?token=%00&per_page[]=1&page=%ff', '?token=a.b&token=c&__proto__=1']) {
          const status = await send(method, `${one}${query}`, method === 'GET' ? null : new TextEncoder().encode('{}'));
          expect(status, `${method} ${one}${query}`).to.be.within(200, 499);
        }
      }
    }
  });

  it('never makes the service fail, whatever the body', async () => {
    const writing = tried.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method));
    const types = ['application/json', 'application/x-www-form-urlencoded', 'application/merge-patch+json'];
    for (const { method, path } of writing) {
      const own = paths(path)[0] ?? path;
      for (const raw of rawBodies) {
        for (const type of types) expect(await send(method, own, raw, type), `${method} ${own}`).to.be.within(200, 499);
      }
      await fc.assert(
        fc.asyncProperty(tree, fc.boolean(), async (value, wrap) => {
          const raw = new TextEncoder().encode(JSON.stringify(wrap ? { database: value } : value));
          expect(await send(method, own, raw)).to.be.within(200, 499);
        }),
        { numRuns: 40 },
      );
    }
    expect((await api.request('GET', '/readyz')).status).to.equal(200);
    expect(Object.prototype).to.not.have.any.keys('admin', 'name');
  });
});
