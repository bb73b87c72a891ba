import { expect } from 'chai';
import { allows, scopes } from '@holdfast/shared/domain';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';
import { destinationRoutes } from './destinations.ts';

const path = '/api/backup-destinations';
const missing = { error: 'Not Found', message: 'Backup destination not found' };
const foreign = { error: 'Forbidden', message: 'You are not authorized to access this backup destination' };

/** What the original calls the scope of each route. */
const abilities: Record<string, string> = {
  [`GET ${path}`]: 'view',
  [`POST ${path}`]: 'create',
  [`GET ${path}/:id`]: 'view',
  [`PUT ${path}/:id`]: 'update',
  [`DELETE ${path}/:id`]: 'delete',
  [`POST ${path}/:id/test`]: 'update',
};

describe('access to destinations', () => {
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
  });
  after(() => api.stop());

  const local = (label: string) => ({ label, type: 'local', settings: { path: '' } }) as const;
  const ask = async (
    method: string,
    at: string,
    token: string | null,
    body?: unknown,
  ): Promise<[status: number, json: Answer['json']]> => {
    const { status, json } = await api.request(method, at, { token, ...(body === undefined ? {} : { body }) });
    return [status, json];
  };

  it('asks each route for a scope of its own', () => {
    expect(destinationRoutes.map((route) => `${route.method} ${route.path}`)).to.have.members(Object.keys(abilities));
  });

  for (const route of destinationRoutes) {
    const name = `${route.method} ${route.path}`;
    const needed = route.scope;
    if (needed === null || needed === 'server' || needed === 'any') throw new Error(`${name} asks for no scope.`);

    it(`lets exactly the tokens with its scope through to ${name}`, async () => {
      for (const scope of scopes) {
        const { id } = await api.deps.persistence.destinations.create(ada.account.id, local('one'));
        const token = await api.token(ada.account, [scope]);
        const body = route.method === 'POST' || route.method === 'PUT' ? { label: 'new', type: 'local' } : undefined;
        const [status, json] = await ask(route.method, route.path.replace(':id', String(id)), token, body);
        if (allows([scope], needed)) {
          expect(status, scope).to.equal(route.answers);
          continue;
        }
        const message = `Access denied due to insufficient permissions. Required token ability scopes: ${abilities[name]}-backup-destinations`;
        expect([status, json], scope).to.deep.equal([403, { message }]);
      }
    });

    it(`refuses ${name} without a valid token before anything else`, async () => {
      for (const token of [null, 'not-a-token']) {
        expect(await ask(route.method, route.path.replace(':id', 'x'), token)).to.deep.equal([
          401,
          { message: 'Unauthenticated.' },
        ]);
      }
    });

    if (!route.path.includes(':id')) continue;
    it(`tells of an unknown and a foreign destination before wrong fields in ${name}`, async () => {
      const suffix = route.path.split(':id')[1] ?? '';
      const body = route.method === 'PUT' ? { label: 5 } : undefined;
      for (const id of ['999999', 'abc', '0', '-1', '1e3', '99999999999', '1.5', '%00', "1'--"]) {
        const query = route.method === 'DELETE' ? '?force=perhaps' : '';
        const answer = await ask(route.method, `${path}/${id}${suffix}${query}`, ada.token, body);
        expect(answer, id).to.deep.equal([404, missing]);
      }
      const theirs = `${path}/${ada.destination.id}${suffix}`;
      expect(await ask(route.method, theirs, eve.token, body)).to.deep.equal([403, foreign]);
      expect(await api.deps.persistence.destinations.find(ada.destination.id)).to.deep.equal(ada.destination);
    });
  }

  it('knows the scope of all changes and the scope of everything', async () => {
    for (const scope of ['destinations:write', 'admin'] as const) {
      const token = await api.token(ada.account, [scope]);
      const [status] = await ask('POST', path, token, { label: 'x', type: 'local' });
      expect(status, scope).to.equal(201);
      expect((await ask('GET', path, token))[0], scope).to.equal(scope === 'admin' ? 200 : 403);
    }
  });

  it('answers a wrong method with 405, what is allowed, and the words of this dialect', async () => {
    for (const [method, at, allowed] of [
      ['PATCH', `${path}/1`, 'GET, HEAD, PUT, DELETE'],
      ['DELETE', path, 'GET, HEAD, POST'],
      ['GET', `${path}/1/test`, 'POST'],
    ] as const) {
      const { status, json, headers } = await api.request(method, at, { token: ada.token });
      expect([status, headers.get('allow'), json['error']]).to.deep.equal([405, allowed, 'Method Not Allowed']);
      expect(json['message']).to.be.a('string');
    }
  });

  it('answers what cannot be read in the words of this dialect', async () => {
    const post = (raw: string, type: string) =>
      api.request('POST', path, { token: ada.token, raw, headers: { 'content-type': type } });
    for (const [answer, status, error] of [
      [await post('{', 'application/json'), 400, 'Bad Request'],
      [await post('<a/>', 'application/xml'), 415, 'Unsupported Media Type'],
      [await post(`"${'x'.repeat(1_100_000)}"`, 'application/json'), 413, 'Payload Too Large'],
    ] as const) {
      expect([answer.status, answer.json['error']]).to.deep.equal([status, error]);
    }
    for (const [raw, status] of [
      ['[]', 422],
      ['[[]]', 422],
      ['"text"', 400],
      ['null', 400],
    ] as const) {
      expect((await post(raw, 'application/json')).status, raw).to.equal(status);
    }
  });

  it('does not fall for fields that objects have anyway', async () => {
    const raw = '{"label":"x","type":"local","__proto__":{"path":"../x"},"constructor":5}';
    const { status } = await api.request('POST', path, {
      token: ada.token,
      raw,
      headers: { 'content-type': 'application/json' },
    });
    expect(status).to.equal(201);
  });
});
