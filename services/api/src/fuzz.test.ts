import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { openApi, type TestApi } from './harness.test.ts';
import type { Route } from './http/route.ts';
import { routes } from './index.ts';
import { bodyOf, fill, objectsOf, tokenFor, type Objects } from './routes/objects.test.ts';
import { startS3, type TestS3 } from '@holdfast/testing/s3';

const strangeTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff',
  "' or 1=1 --",
  '"; drop table holdfast.backups; --',
  '../../etc/passwd',
  '..%2f..%2f',
  '%s%n%x',
  '${jndi:ldap://127.0.0.1}',
  '--version',
  '-c',
  'postgres://x@127.0.0.1/',
  'http://169.254.169.254/',
  'x'.repeat(5000),
  '🦥'.repeat(300),
  '-1',
  '1e999',
  '0x10',
  'NaN',
  '__proto__',
  '2026-02-30T25:61:61Z',
  '00000000-0000-0000-0000-000000000000',
];
const strangeValues: readonly unknown[] = [
  ...strangeTexts,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  true,
  false,
  null,
  [],
  {},
  [[]],
  [null],
  { toString: 1 },
  ['a', 1, {}],
  Array.from({ length: 2000 }, () => 1),
];

/** A body with one leaf, entry or whole branch replaced by each strange value, and with each entry left out. */
function* mutations(value: unknown, whole: (changed: unknown) => unknown = (changed) => changed): Generator {
  for (const strange of strangeValues) yield whole(strange);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const { [key]: _left, ...others } = value as Record<string, unknown>;
    const withOther = (changed: unknown) =>
      whole(Array.isArray(value) ? value.with(Number(key), changed) : { ...others, [key]: changed });
    if (!Array.isArray(value)) yield whole(others);
    yield* mutations(inner, withOther);
  }
}

const names = ['database', 'backup', 'files', 'parts', 'token', 'target', '__proto__', 'constructor', 'toString', 'a'];
const scalar = fc.oneof(
  fc.constantFrom(...strangeValues),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt().map(Number),
);
const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ unit: 'binary' })), tie('value'), { maxKeys: 8 }),
  ),
}));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const deep = (open: string, close: string): string => open.repeat(50_000) + close.repeat(50_000);
/** What no JSON serialiser would write. */
const rawBodies: Uint8Array[] = [
  ...[
    '{"__proto__":{"admin":true},"database":{"__proto__":{"name":"x"}}}',
    '{"constructor":{"prototype":{"admin":true}}}',
    `{"database":${deep('[', ']')}}`,
    deep('{"a":', '}').replace('}', '1}'),
    '{"database":{"name":"a","name":"b"},"database":1}',
    '{"successful":true,"successful":false}',
    `{"x":${'9'.repeat(10_000)}}`,
    `{"size":1e400,"port":-0}`,
    '\ufeff{}',
    '{"a":1}{"b":2}',
    'NaN',
    '[',
    '"',
    '{"a":"\\ud800"}',
    '{"a":"\\u0000"}',
    `{"${'k'.repeat(100_000)}":1}`,
    'null',
    '0',
    '""',
    '[]',
    '{}',
  ].map(bytes),
  Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00),
  Uint8Array.of(0xed, 0xa0, 0x80),
  Uint8Array.of(0),
];
const json = 'application/json';
const types = [
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded',
  'application/merge-patch+json',
  'multipart/form-data; boundary=x',
  'text/plain',
  '/',
];
const strangeQueries = [
  '?token=%00&per_page[]=1&page=%ff&size=%ff',
  '?token=a.b&token=c&__proto__=1&size=1&size=2',
  '?per_page=1e3&page=-1&size=-1&force=maybe',
  '?per_page=100&page=2147483647&size=9007199254740993&force=0',
  `?size=${'9'.repeat(400)}&per_page=${'9'.repeat(400)}`,
  '?constructor[prototype][x]=1&size[]=1',
  '?%',
];
const strangeIds = [
  '%00',
  '%ff',
  '%ed%a0%80',
  "'%20or%201=1",
  '..%2f..%2fetc',
  '%F0%9F%A6%A5',
  'x'.repeat(4000),
  '0',
  '-1',
  '99999999999999999999',
  '1e3',
  '__proto__',
  '00000000-0000-0000-0000-000000000000',
  '0199C0DE-0000-7000-8000-000000000000',
];
const strangeHeaders: OutgoingHttpHeaders[] = [
  { authorization: 'Bearer' },
  { authorization: 'Bearer  ' },
  { authorization: `Bearer ${'x'.repeat(6000)}` },
  { authorization: 'Bearer a.b.c' },
  { authorization: 'Basic Og==' },
  { authorization: 'Basic ////' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'x'.repeat(300) },
  { 'idempotency-key': '\u00ff' },
  { 'x-request-id': 'x'.repeat(5000) },
  { 'x-request-id': '"; drop' },
  { 'x-forwarded-for': '999.1.1.1, ::ffff:1' },
  { range: 'bytes=9-1,5-', 'if-range': 'x' },
  { accept: '\u00ff' },
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'br' },
  { expect: 'x' },
];

/** Each of them meets some routes, all of them together every one. */
const inTurn = (all: readonly string[], turn: number): string => all[turn % all.length] ?? '';

/** What would tell of the inside: files, stacks, statements, drivers. */
const inside =
  /node_modules|\.ts:\d|file:\/\/|\bat \w+ \(|QueryFailed|relation "|column "|syntax error|holdfast\.\w+|TypeError|RangeError|ZodError|SyntaxError|ECONN|undefined is not|postgres(ql)?:\/\/\w+:/;

describe('any input', function () {
  this.timeout(300_000);
  let api: TestApi;
  let s3: TestS3;
  let objects: Objects;
  let sent = 0;

  before(async () => {
    s3 = await startS3();
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    objects = await objectsOf(api, await api.tenant('ada'), s3);
  });
  after(async () => {
    await api.stop();
    await s3.stop();
  });

  // A trial of a connection goes out to other servers; a claim waits for work.
  const quick = routes.filter(({ path }) => !/\/(test|claim)$/.test(path));

  async function send(route: Route, path: string, raw: Uint8Array | null, headers: OutgoingHttpHeaders = {}) {
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const body = raw ? { 'content-type': 'application/json', 'content-length': raw.length } : {};
      const authorization = `Bearer ${tokenFor(route, objects)}`;
      const options = { method: route.method, path, headers: { authorization, ...body, ...headers } };
      const asked = httpRequest(`${api.url}/`, options, (answer) => {
        const chunks: Buffer[] = [];
        if (answer.headers['content-type']?.startsWith('text/event-stream')) {
          // Has no end of its own.
          resolve({ status: answer.statusCode ?? 0, text: '' });
          asked.destroy();
          return;
        }
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      asked.on('error', reject).end(raw ?? undefined);
    });
    sent += 1;
    const what = `${route.method} ${path.slice(0, 200)} ${raw ? Buffer.from(raw).toString().slice(0, 300) : ''}`;
    expect(status, `${what}: ${text.slice(0, 300)}`).to.be.within(200, 499);
    if (status >= 400) expect(text, what).to.not.match(inside);
    return status;
  }

  /** Says how much was tried: the number stands in the report. */
  function count(context: Mocha.Context, before: number): void {
    if (context.test) context.test.title += ` (${sent - before} requests)`;
  }

  const writes = (route: Route): boolean => ['POST', 'PUT', 'PATCH'].includes(route.method);
  /** Changes go to things that do not exist, so that what the other requests need stays. */
  const target = (route: Route): string =>
    route.method === 'DELETE' ? fill(route.path, objects, () => '424242') : fill(route.path, objects);

  it('in paths and queries never makes the service fail or show its inside', async function () {
    const before = sent;
    for (const [turn, route] of quick.entries()) {
      const body = writes(route) ? bytes('{}') : null;
      for (const query of ['', ...strangeQueries]) await send(route, `${target(route)}${query}`, body);
      if (!route.path.includes(':')) continue;
      for (const [at, id] of strangeIds.entries()) {
        const path = fill(route.path, objects, () => id);
        for (const query of ['', inTurn(strangeQueries, turn + at)]) await send(route, `${path}${query}`, body);
      }
    }
    count(this, before);
  });

  it('in headers never makes the service fail or show its inside', async function () {
    const before = sent;
    for (const route of quick) {
      for (const headers of strangeHeaders)
        await send(route, target(route), writes(route) ? bytes('{}') : null, headers);
    }
    count(this, before);
  });

  it('in bodies never makes the service fail or show its inside', async function () {
    const before = sent;
    for (const [turn, route] of quick.filter(writes).entries()) {
      const path = target(route);
      for (const [at, raw] of rawBodies.entries()) {
        for (const type of [json, inTurn(types, turn + at)]) await send(route, path, raw, { 'content-type': type });
      }
      for (const changed of mutations(bodyOf(route))) await send(route, path, bytes(JSON.stringify(changed) ?? ''));
      const property = fc.asyncProperty(tree, async (value) => {
        await send(route, path, bytes(JSON.stringify(value) ?? ''));
      });
      await fc.assert(property, { numRuns: 5 });
    }
    count(this, before);
  });

  it('leaves the process up and the prototype of objects as it was', async () => {
    expect((await api.request('GET', '/readyz')).status).to.equal(200);
    expect(Object.prototype).to.not.have.any.keys('admin', 'name', 'x');
    expect(api.logged()).to.not.match(/"level":(60|"fatal")/);
  });
});
