import { scopes, type Scope } from '@holdfast/shared/domain';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { expect } from 'chai';
import { openApi, type Answer, type Tenant, type TestApi } from '../harness.test.ts';
import type { Route } from '../http/route.ts';
import { routes } from './index.ts';
import { bodyOf, fill, keyOf, objectsOf, queryOf, tokenFor, type Objects } from './objects.test.ts';

describe('ownership', () => {
  let api: TestApi;
  let s3: TestS3;
  let owner: Tenant;
  let other: Tenant;
  let owned: Objects;
  let others: Objects;

  before(async () => {
    s3 = await startS3();
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    [owner, other] = [await api.tenant('owner'), await api.tenant('other')];
    owned = await objectsOf(api, owner, s3);
    others = await objectsOf(api, other, s3);
  });
  after(async () => {
    await api.stop();
    await s3.stop();
  });

  const call = (route: Route, path: string, token: string | null): Promise<Answer> =>
    api.request(route.method, `${path}${queryOf(route)}`, { token, body: bodyOf(route) });

  const protectedRoutes = routes.filter(({ scope }) => scope !== null);
  const withParameters = protectedRoutes.filter(({ path }) => path.includes(':'));
  // The description of the API holds nothing of any account.
  const lists = protectedRoutes.filter(
    ({ path, method }) => !path.includes(':') && method === 'GET' && path !== '/openapi.json',
  );
  const absent = (id: string): string => (/^\d+$/.test(id) ? '2000000000' : '0199c0de-0000-7000-8000-000000000000');

  for (const route of protectedRoutes) {
    it(`keeps ${keyOf(route)} from whoever has no token, an unknown one, or one of another kind`, async () => {
      const path = fill(route.path, owned);
      const isServer = route.scope === 'server';
      expect((await call(route, path, null)).status).to.equal(401);
      expect((await call(route, path, `hf_${'a'.repeat(43)}`)).status).to.equal(isServer ? 400 : 401);
      expect((await call(route, path, `${'a'.repeat(16)}.${'b'.repeat(64)}`)).status).to.equal(isServer ? 403 : 401);
      const otherKind = await call(route, path, isServer ? owned.adminToken : owned.serverToken);
      expect(otherKind.status).to.equal(isServer ? 400 : 401);
    });
  }

  for (const route of protectedRoutes.filter(({ scope }) => scopes.includes(scope as Scope))) {
    it(`keeps ${keyOf(route)} from a token that has every scope but ${route.scope}`, async () => {
      const including = new Set<Scope>(['admin', 'destinations:write']);
      const all = scopes.filter((scope) => scope !== route.scope && !including.has(scope));
      const { status, text } = await call(route, fill(route.path, owned), await api.token(owner.account, all));
      expect(status, text).to.equal(403);
    });
  }

  for (const route of withParameters) {
    it(`keeps ${keyOf(route)} from other accounts`, async () => {
      const foreign = await call(route, fill(route.path, owned), tokenFor(route, others));
      const unknown = await call(route, fill(route.path, owned, absent), tokenFor(route, others));
      expect(unknown.status, unknown.text).to.equal(404);
      if (route.path.startsWith('/api/backup-destinations')) {
        expect([foreign.status, foreign.json]).to.deep.equal([
          403,
          { error: 'Forbidden', message: 'You are not authorized to access this backup destination' },
        ]);
      } else if (route.scope === 'server') {
        expect(foreign.status).to.equal(403);
      } else {
        expect([foreign.status, foreign.text]).to.deep.equal([404, unknown.text]);
      }
    });
  }

  for (const route of lists) {
    it(`shows only the account's own in ${keyOf(route)}`, async () => {
      const { status, text } = await call(route, route.path, tokenFor(route, others));
      expect(status).to.equal(200);
      expect(text)
        .to.not.include(owner.database.id)
        .and.not.include('"user_id":' + owner.account.id)
        .and.not.include(owned.ids['/api/tokens/:id']);
      const marks: Record<string, string> = {
        '/api/databases': other.database.id,
        '/api/servers': `"node of ${other.account.name}"`,
        '/api/server-policies': `"servers of ${other.account.name}"`,
        '/api/tokens': '"scopes":["admin"]',
        '/api/schedule-times': '"times":[',
        '/api/alerts': `_${other.database.name} is missing`,
        '/api/protection': other.database.id,
        '/api/calendar': other.database.id,
        '/api/session': '"account":{"id":' + other.account.id,
        '/api/events': 'retry: ',
        '/api/audit': '"entries":[',
        '/api/audit/verification': '"ok":true',
        '/api/account': '"account":{"id":' + other.account.id,
        '/api/notification-channels': `"channel of ${other.account.name}"`,
        '/api/notification-deliveries': `"channel of ${other.account.name}"`,
      };
      expect(text).to.include(marks[route.path] ?? `"user_id":${other.account.id}`);
    });
  }

  it("does not let an account use its own objects' paths to reach another's", async () => {
    const own = `/api/databases/${other.database.id}`;
    const backup = owned.ids['/api/backups/:id'];
    const schedule = owned.ids['/api/databases/:db/schedules/:id'];
    const mixed = [
      ['GET', `${own}/backups/${backup}`],
      ['GET', `${own}/backups/${backup}/archive`],
      ['POST', `${own}/backups/${backup}/restore`],
      ['GET', `${own}/schedules/${schedule}`],
      ['DELETE', `${own}/schedules/${schedule}`],
      ['GET', `${own}/backup_restorations/${owned.ids['/api/databases/:db/backup_restorations/:rid']}`],
      ['GET', `/api/databases/${owner.database.id}/backups/${others.ids['/api/backups/:id']}`],
      ['GET', `/v1/backups/${others.ids['/v1/backups/:id']}/restores/${owned.ids['/v1/backups/:id/restores/:rid']}`],
    ] as const;
    for (const [method, path] of mixed) {
      expect((await api.request(method, path, { token: other.token })).status, `${method} ${path}`).to.equal(404);
    }
    const register = { name: 'new', type: 'postgresql', host: 'db.example.com', user: 'app' };
    const elsewhere = { destination_id: owner.destination.id };
    const requests = [
      ['POST', '/api/databases', { database: { ...register, ...elsewhere } }],
      ['PATCH', own, { database: elsewhere }],
    ] as const;
    for (const [method, path, body] of requests) {
      expect((await api.request(method, path, { token: other.token, body })).status, `${method} ${path}`).to.equal(422);
    }
  });

  it('answers each route with its declared status to the owner', async () => {
    const rank = ({ method, path }: Route) => (method === 'DELETE' ? 1 + path.split('/').length : 0);
    const order = protectedRoutes.toSorted((a, b) =>
      rank(b) === rank(a) ? 0 : rank(a) === 0 ? -1 : rank(b) === 0 ? 1 : rank(b) - rank(a),
    );
    const kept = new Set([
      'POST /api/databases/:db/backups/:id/cancel',
      'POST /api/server-policies/:id/runs/:run/cancel',
      'POST /api/databases/:db/backup_restorations/:rid/undo',
      'DELETE /api/databases/:db',
      'DELETE /api/databases/:db/backups/:id',
      'DELETE /api/backup-destinations/:id',
      'DELETE /api/servers/:id',
      'DELETE /v1/backups/:id',
    ]);
    for (const route of order) {
      const answer = await call(route, fill(route.path, owned), tokenFor(route, owned));
      const expected = kept.has(keyOf(route)) ? 409 : route.answers;
      expect(answer.status, `${keyOf(route)}: ${answer.text}`).to.equal(expected);
    }
  });
});
