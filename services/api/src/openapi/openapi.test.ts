import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { z } from 'zod';
import { openApi, type Tenant, type TestApi } from '../harness.test.ts';
import { bytes, events } from '../http/route.ts';
import { routes } from '../routes/index.ts';
import { ajv, document, mustAgree, schemaAt } from './agreement.test.ts';
import { templateOf } from './parameters.ts';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every object of the document with the place where it stands. */
function* objectsOf(
  value: unknown,
  place: readonly string[] = [],
): Generator<[place: readonly string[], object: Json]> {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield* objectsOf(one, [...place, String(index)]);
  } else if (isObject(value)) {
    yield [place, value];
    // What stands in examples is no part of the description, whatever it looks like.
    const parts = Object.entries(value).filter(([key]) => place.at(-1) === 'properties' || !isExampleKey(key));
    for (const [key, one] of parts) yield* objectsOf(one, [...place, key]);
  }
}

const isExampleKey = (key: string): boolean => ['example', 'examples', 'default', 'const', 'enum'].includes(key);

const examplesOf = ({ example, examples = [] }: Json): unknown[] => [
  ...(Array.isArray(examples) ? (examples as unknown[]) : []),
  ...(example === undefined ? [] : [example]),
];

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const copy = structuredClone(document) as unknown as Json;
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...copy, servers: [{ url: 'https://backups.example.org' }] });
    expect(errors, JSON.stringify(errors)).to.equal(undefined);
    expect([valid, validator.version]).to.deep.equal([true, '3.1']);
  });

  it('has every route and nothing else, each with a name of its own', () => {
    const described = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described).to.have.members(routes.map(({ method, path }) => `${method} ${templateOf(path)}`));
    const names = Object.values(document.paths ?? {}).flatMap((item) =>
      Object.values(item as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    expect(new Set(names).size).to.equal(routes.length);
  });

  it('names the parameters of each path, and the permission that each route asks for', () => {
    for (const { method, path, scope } of routes) {
      const { [method.toLowerCase()]: operation } = (document.paths?.[templateOf(path)] ?? {}) as Record<string, Json>;
      const parameters = (operation?.['parameters'] ?? []) as Json[];
      const inPath = parameters.filter((one) => one['in'] === 'path').map((one) => `:${String(one['name'])}`);
      expect(inPath, path).to.deep.equal([...path.matchAll(/:\w+/g)].map(([name]) => name));
      const asked = operation?.['security'] as Record<string, string[]>[];
      expect(asked.length > 0, path).to.equal(scope !== null);
      if (scope !== null && scope !== 'any' && scope !== 'server') expect(asked[0]).to.deep.equal({ token: [scope] });
    }
  });

  it('has only examples that its schemas accept', () => {
    let checked = 0;
    for (const [place, object] of objectsOf(document)) {
      if (place.at(-1) === 'properties') continue;
      for (const example of examplesOf(object)) {
        const valid = schemaAt(...place);
        expect(valid(example), `${place.join(' ')}: ${ajv.errorsText(valid.errors)}`).to.equal(true);
        checked += 1;
      }
    }
    expect(checked).to.be.above(50);
  });

  for (const { method, path, body, query } of routes.filter((route) => route.body ?? route.query)) {
    it(`shows requests that ${method} ${path} takes`, () => {
      const { [method.toLowerCase()]: operation } = (document.paths?.[templateOf(path)] ?? {}) as Record<string, Json>;
      if (body) {
        const place = ['paths', templateOf(path), method.toLowerCase(), 'requestBody', 'content', 'application/json'];
        const examples = examplesOf(resolved([...place, 'schema']));
        expect(examples, 'no example of the body').to.not.be.empty;
        for (const example of examples) expect(problemsOf(body, example), JSON.stringify(example)).to.equal('');
      }
      if (query) {
        const parameters = ((operation?.['parameters'] ?? []) as Json[]).filter((one) => one['in'] === 'query');
        const shown = ({ default: usual = 'no example', ...schema }: Json) => examplesOf(schema)[0] ?? usual;
        const example = Object.fromEntries(
          parameters.map((one) => [one['name'], String(shown(one['schema'] as Json))]),
        );
        expect(Object.values(example)).to.not.include('no example');
        expect(problemsOf(query, example), JSON.stringify(example)).to.equal('');
      }
    });
  }

  const problemsOf = (schema: z.ZodType, value: unknown): string => {
    const { error } = schema.safeParse(value);
    return error ? z.prettifyError(error) : '';
  };

  /** The schema at a place, or the component that it refers to. */
  function resolved(place: readonly string[]): Json {
    const found = place.reduce<unknown>((value, key) => (value as Json)[key], document) as Json;
    const reference = found['$ref'];
    return typeof reference === 'string' ? resolved(reference.split('/').slice(1)) : found;
  }

  it('has a body of success for every route that answers one', () => {
    for (const { method, path, answers, response } of routes) {
      expect(answers === 204, `${method} ${path}`).to.equal(response === undefined);
      if (response === undefined || response === bytes || response === events) continue;
      const verb = method.toLowerCase();
      schemaAt('paths', templateOf(path), verb, 'responses', String(answers), 'content', 'application/json', 'schema');
    }
  });
});

describe('the agreement of answers with the document', () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
    status,
    text: typeof body === 'string' ? body : JSON.stringify(body),
    headers: new Headers({ 'x-request-id': '1', 'content-type': 'application/json', ...headers }),
  });
  const refused = (method: string, path: string, ...seen: Parameters<typeof answer>) =>
    expect(() => mustAgree(method, path, answer(...seen)), `${method} ${path}`);

  it('is refused to statuses, bodies, types and paths that are not in it', () => {
    mustAgree('GET', '/healthz', answer(200, { ok: true }));
    refused('GET', '/healthz', 200, { ok: true, more: 1 }).to.throw('additional properties');
    refused('GET', '/healthz', 200, {}).to.throw("required property 'ok'");
    refused('GET', '/healthz', 202, { ok: true }).to.throw('answered 202');
    refused('GET', '/healthz', 200, { ok: true }, { 'content-type': 'text/html' }).to.throw('not text/html');
    refused('DELETE', '/api/databases/x', 204, { ok: true }).to.throw('no body there');
    refused('GET', '/api/nothing', 200, { ok: true }).to.throw('no get of this path');
    refused('PATCH', '/healthz', 200, { ok: true }).to.throw('no patch of /healthz');
    refused('GET', '/api/nothing', 404, { message: 'This path does not exist.' }).to.throw('shape of its dialect');
    refused('GET', '/api/databases', 401, { message: 'no' }).to.throw("required property 'error'");
    const withoutId = {
      status: 200,
      text: '{"ok":true}',
      headers: new Headers({ 'content-type': 'application/json' }),
    };
    expect(() => mustAgree('GET', '/healthz', withoutId)).to.throw('without X-Request-Id');
  });
});

describe('/openapi.json', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi({ HOLDFAST_PUBLIC_URL: 'https://backups.example.org/' });
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
  const get = (authorization: string) => api.request('GET', '/openapi.json', { headers: { authorization } });

  it('is served to any valid token, as Bearer or as the password of HTTP Basic, with the public URL', async () => {
    const powerless = await api.token(ada.account, []);
    for (const authorization of [`Bearer ${powerless}`, basic(powerless), `Bearer ${ada.token}`]) {
      const { status, json } = await get(authorization);
      expect(status, authorization).to.equal(200);
      expect(json).to.deep.equal({
        ...(JSON.parse(JSON.stringify(document)) as Json),
        servers: [{ url: 'https://backups.example.org' }],
      });
    }
  });

  it('is refused without one, so that a browser asks for it', async () => {
    for (const authorization of ['', 'Bearer wrong', basic('wrong'), 'Basic !!']) {
      const { status, headers } = await get(authorization);
      expect([status, headers.get('www-authenticate')]).to.deep.equal([401, 'Basic realm="holdfast", charset="UTF-8"']);
    }
  });

  it('is the only route that takes HTTP Basic, because browsers send that by themselves', async () => {
    const others = routes.filter(({ scope, path }) => scope !== null && path !== '/openapi.json');
    const admin = await api.token(ada.account, ['admin']);
    for (const { method, path } of others) {
      const headers = { authorization: basic(admin) };
      const { status } = await api.request(method, path.replaceAll(/:\w+/g, 'x'), { headers });
      expect(status, `${method} ${path}`).to.equal(401);
    }
  });
});
