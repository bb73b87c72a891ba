import type { Server } from '@holdfast/shared/domain';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { rowNumber, text } from '../../http/fields.ts';
import { conflict, invalid, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { newServerView, presentServer, serverView } from '../../presenters/server.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const path = '/api/servers';

const name = text(63).refine((value) => value.trim() === value, { error: 'must not begin or end with a space' });

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'admin',
  summary: 'The registered remote servers, newest first.',
  answers: 200,
  response: z.strictObject({ servers: z.array(serverView) }),
  handler: async ({ deps, accountId }) => ({
    servers: (await deps.persistence.servers.list(accountId)).map(presentServer),
  }),
});

const create = route({
  method: 'POST',
  path,
  dialect,
  scope: 'admin',
  audit: 'server.create',
  summary: 'Registers a remote server. Its token is shown here and never again.',
  answers: 201,
  creates: true,
  body: z.object({ server: z.object({ name }) }).meta({ examples: [{ server: { name: 'node-1' } }] }),
  response: z.strictObject({ server: newServerView }),
  handler: async ({ deps, accountId, body }) => {
    const created = await deps.persistence.servers.create(accountId, body.server.name);
    if (created === 'name_taken') {
      throw invalid({ name: ['The name field is the name of another server of this account.'] });
    }
    return { server: { ...presentServer(created.server), token: created.token.reveal() } };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:id`,
  dialect,
  scope: 'admin',
  summary: 'One remote server.',
  answers: 200,
  response: z.strictObject({ server: serverView }),
  handler: async (call) => ({ server: presentServer(await ownedServer(call, call.params.id)) }),
});

const remove = route({
  method: 'DELETE',
  path: `${path}/:id`,
  dialect,
  scope: 'admin',
  audit: 'server.delete',
  summary: 'Forgets a remote server that nothing needs; its token is refused from then on.',
  answers: 204,
  otherwise: { 409: 'Databases, backups or restores need it.' },
  handler: async (call) => {
    const { id, name: known } = await ownedServer(call, call.params.id);
    call.note({ object: { name: known } });
    const uses = await call.deps.persistence.servers.delete(call.accountId, id);
    if (uses === null) throw unknown();
    if (uses > 0) {
      const what = uses === 1 ? '1 database, backup or restore needs' : `${uses} databases, backups or restores need`;
      throw conflict(`This server cannot be forgotten: ${what} it.`);
    }
    return undefined;
  },
});

/** The account's server of that id. @throws Problem 404, the same whether it is unknown or another account's */
async function ownedServer({ deps, accountId }: { deps: ApiDeps; accountId: number }, id: string): Promise<Server> {
  const number = rowNumber(id);
  const found = number !== null && (await deps.persistence.servers.findOwned(accountId, number));
  if (!found) throw unknown();
  return found;
}

const unknown = () => notFound('This server does not exist.');

export const serverRoutes = [list, create, show, remove];
