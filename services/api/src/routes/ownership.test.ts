import { expect } from 'chai';
import type { Restore, Schedule } from '@holdfast/shared/domain';
import { openApi, type Answer, type Tenant, type TestApi } from '../harness.test.ts';
import type { Route } from '../http/route.ts';
import { routes } from './index.ts';

/** Bodies that succeed; a route that reads one and is not here gets `{}`. */
const bodies: Record<string, unknown> = {
  'POST /api/databases': {
    database: { name: 'new', type: 'postgresql', host: 'db.example.com', port: 5432, user: 'app' },
  },
  'PATCH /api/databases/:db': { database: { user: 'other' } },
  'PUT /api/databases/:db': { database: { user: 'other' } },
  'POST /api/databases/:db/schedules': { cron: '0 3 * * *' },
  'POST /api/backup-destinations': { label: 'New', type: 'local', path: 'new' },
};

const keyOf = ({ method, path }: Route): string => `${method} ${path}`;

describe('ownership', () => {
  let api: TestApi;
  let owner: Tenant;
  let other: Tenant;
  let ids: Record<string, string>;

  before(async () => {
    api = await openApi();
    [owner, other] = [await api.tenant('owner'), await api.tenant('other')];
    ids = await objectsOf(owner);
  });
  after(() => api.stop());

  /** Ids of an account's objects, by the parameter of the paths that name them. */
  async function objectsOf({ database, destination, account }: Tenant): Promise<Record<string, string>> {
    const { schedules, restores } = api.deps.persistence;
    const { backup } = await api.doneBackup(database);
    const schedule = (await schedules.create(account.id, {
      databaseId: database.id,
      destinationId: null,
      cron: '0 3 * * *',
      timezone: 'UTC',
      retention: {},
      enabled: true,
      catchUp: 'once',
      overlap: 'skip',
      jitterSeconds: 0,
      isPeriodicSetting: false,
    })) as Schedule;
    const restore = (await restores.create({
      backupId: backup.id,
      databaseId: database.id,
      target: { mode: 'new_database', database: 'elsewhere' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    })) as Restore;
    return {
      '/api/databases/:db': database.id,
      '/api/databases/:db/backups/:id': backup.id,
      '/api/backups/:id': backup.id,
      '/api/databases/:db/schedules/:id': schedule.id,
      '/api/databases/:db/backup_restorations/:rid': restore.id,
      '/api/backup-destinations/:id': String(destination.id),
    };
  }

  /** The route's path with every parameter filled in; a parameter that no object is known for fails the test. */
  const fill = (path: string, change: (id: string) => string = (id) => id): string =>
    path.split('/').reduce((filled, part, index, parts) => {
      if (!part.startsWith(':')) return index === 0 ? part : `${filled}/${part}`;
      const id = ids[parts.slice(0, index + 1).join('/')];
      if (id === undefined) throw new Error(`No object is known for ${part} of ${path}: add one to this test.`);
      return `${filled}/${change(id)}`;
    }, '');

  const call = (route: Route, path: string, token: string): Promise<Answer> =>
    api.request(route.method, path, { token, body: route.method === 'GET' ? undefined : (bodies[keyOf(route)] ?? {}) });

  const protectedRoutes = routes.filter(({ scope }) => scope !== null);
  const withParameters = protectedRoutes.filter(({ path }) => path.includes(':'));
  const lists = protectedRoutes.filter(({ path, method }) => !path.includes(':') && method === 'GET');
  const absent = (id: string): string => (/^\d+$/.test(id) ? '2000000000' : '0199c0de-0000-7000-8000-000000000000');

  for (const route of withParameters) {
    it(`keeps ${keyOf(route)} from other accounts`, async () => {
      const foreign = await call(route, fill(route.path), other.token);
      const unknown = await call(route, fill(route.path, absent), other.token);
      expect(unknown.status, unknown.text).to.equal(404);
      if (route.path.startsWith('/api/backup-destinations')) {
        expect([foreign.status, foreign.json]).to.deep.equal([
          403,
          { error: 'Forbidden', message: 'You are not authorized to access this backup destination' },
        ]);
      } else {
        expect([foreign.status, foreign.text]).to.deep.equal([404, unknown.text]);
      }
    });
  }

  for (const route of lists) {
    it(`shows only the account's own in ${keyOf(route)}`, async () => {
      const { status, text } = await call(route, route.path, other.token);
      expect(status).to.equal(200);
      expect(text)
        .to.not.include(owner.database.id)
        .and.not.include('"user_id":' + owner.account.id);
      expect(text).to.include(route.path === '/api/databases' ? other.database.id : `"user_id":${other.account.id}`);
    });
  }

  it("does not let an account use its own objects' paths to reach another's", async () => {
    const own = await objectsOf(other);
    const mixed = [
      ['GET', `/api/databases/${other.database.id}/backups/${ids['/api/backups/:id']}`],
      ['GET', `/api/databases/${other.database.id}/backups/${ids['/api/backups/:id']}/archive`],
      ['POST', `/api/databases/${other.database.id}/backups/${ids['/api/backups/:id']}/restore`],
      ['GET', `/api/databases/${other.database.id}/schedules/${ids['/api/databases/:db/schedules/:id']}`],
      ['DELETE', `/api/databases/${other.database.id}/schedules/${ids['/api/databases/:db/schedules/:id']}`],
      [
        'GET',
        `/api/databases/${other.database.id}/backup_restorations/${ids['/api/databases/:db/backup_restorations/:rid']}`,
      ],
      ['GET', `/api/databases/${owner.database.id}/backups/${own['/api/backups/:id']}`],
    ] as const;
    for (const [method, path] of mixed) {
      expect((await api.request(method, path, { token: other.token })).status, `${method} ${path}`).to.equal(404);
    }
    for (const body of [
      {
        database: {
          ...(bodies['POST /api/databases'] as { database: object }).database,
          destination_id: owner.destination.id,
        },
      },
    ]) {
      expect((await api.request('POST', '/api/databases', { token: other.token, body })).status).to.equal(422);
    }
    const move = { database: { destination_id: owner.destination.id } };
    const moved = await api.request('PATCH', `/api/databases/${other.database.id}`, { token: other.token, body: move });
    expect(moved.status).to.equal(422);
  });

  it('answers each route with its declared status to the owner', async () => {
    const rank = ({ method, path }: Route) => (method === 'DELETE' ? 1 + path.split('/').length : 0);
    const order = protectedRoutes.toSorted((a, b) =>
      rank(b) === rank(a) ? 0 : rank(a) === 0 ? -1 : rank(b) === 0 ? 1 : rank(b) - rank(a),
    );
    const kept = new Set(['DELETE /api/databases/:db', 'DELETE /api/backup-destinations/:id']);
    for (const route of order) {
      const answer = await call(route, fill(route.path), owner.token);
      const expected = kept.has(keyOf(route)) ? 409 : route.answers;
      expect(answer.status, `${keyOf(route)}: ${answer.text}`).to.equal(expected);
    }
  });
});
