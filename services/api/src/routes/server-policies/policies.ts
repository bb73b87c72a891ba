import { z } from 'zod';
import { given } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { memberView, presentMember, presentServerPolicy, serverPolicyView } from '../../presenters/server-policy.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { requireDestination, type Owner } from '../databases/owned.ts';
import { defaultDestination } from '../databases/default-destination.ts';
import { toRetention } from '../databases/retention.ts';
import {
  checkOptions,
  checkTimes,
  listingEngine,
  newPolicy,
  policyChange,
  toVerification,
  userOf,
  usualPlace,
} from './fields.ts';
import { noPolicy, ownedPolicy, path } from './owned.ts';

const shown = z.strictObject({ server_policy: serverPolicyView });

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'databases:read',
  summary: 'The policies of whole servers, newest first.',
  answers: 200,
  response: z.strictObject({ server_policies: z.array(serverPolicyView) }),
  handler: async ({ deps, accountId }) => ({
    server_policies: (await deps.persistence.policies.list(accountId)).map(presentServerPolicy),
  }),
});

const create = route({
  method: 'POST',
  path,
  dialect,
  scope: 'databases:write',
  audit: 'policy.create',
  summary: 'Makes a policy that backs up the databases of a whole server.',
  answers: 201,
  creates: true,
  response: shown,
  body: newPolicy,
  handler: async (call) => {
    const { deps, accountId } = call;
    const { server_policy: asked } = call.body;
    checkOptions(listingEngine(deps, asked.type), asked);
    const usual = usualPlace(asked.type);
    const timezone = asked.timezone ?? 'UTC';
    checkTimes({ cron: asked.cron, timezone });
    const created = await deps.persistence.policies.create(accountId, {
      name: asked.name,
      type: asked.type,
      host: asked.host,
      port: asked.port ?? usual.port,
      user: userOf(asked.type, asked.user),
      password: asked.password ?? null,
      database: asked.database ?? usual.database,
      options: asked.options ?? {},
      destinationId: await destinationOf(call, asked.destination_id),
      include: asked.include ?? ['*'],
      exclude: asked.exclude ?? [],
      globals: asked.globals ?? false,
      cron: asked.cron,
      timezone,
      jitterSeconds: asked.jitter_seconds ?? 0,
      retention: toRetention(asked.retention ?? {}),
      verification: await toVerification(call, asked.type, asked.verification ?? null),
      objectives: asked.objectives ?? null,
      enabled: asked.enabled ?? true,
    });
    if (created === 'name_taken') throw nameTaken();
    return { server_policy: presentServerPolicy(created) };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:id`,
  dialect,
  scope: 'databases:read',
  summary: 'One policy, and the databases that it covers.',
  answers: 200,
  response: z.strictObject({ server_policy: serverPolicyView, databases: z.array(memberView) }),
  handler: async (call) => {
    const policy = await ownedPolicy(call, call.params.id);
    const members = await call.deps.persistence.policies.members(policy.id);
    return { server_policy: presentServerPolicy(policy), databases: members.map(presentMember) };
  },
});

const change = (method: 'PATCH' | 'PUT') =>
  route({
    method,
    path: `${path}/:id`,
    dialect,
    scope: 'databases:write',
    audit: 'policy.change',
    summary: 'Changes what is given of a policy, also for the databases that it covers, and leaves the rest.',
    answers: 200,
    response: shown,
    body: policyChange,
    finds: (call) => ownedPolicy(call, call.params.id),
    handler: async (call, current) => {
      const { deps, accountId } = call;
      const { server_policy: asked } = call.body;
      const isMoved = (asked.host ?? current.host) !== current.host || (asked.port ?? current.port) !== current.port;
      if (isMoved && current.password && asked.password === undefined) {
        // Otherwise a token that may change policies could send the stored password to a server of its choice.
        throw invalid({ password: ['The password field is required when host or port change.'] });
      }
      checkOptions(listingEngine(deps, current.type), asked);
      checkTimes({ cron: asked.cron ?? current.cron, timezone: asked.timezone ?? current.timezone });
      const {
        destination_id: destinationId,
        verification,
        retention,
        jitter_seconds: jitterSeconds,
        ...others
      } = asked;
      if (destinationId !== undefined) await requireDestination(call, destinationId);
      const changes = given({
        ...others,
        destinationId,
        jitterSeconds,
        retention: retention && toRetention(retention),
        verification: verification === undefined ? undefined : await toVerification(call, current.type, verification),
      });
      const changed = await deps.persistence.policies.update(accountId, current.id, changes);
      if (!changed) throw noPolicy();
      if (changed === 'name_taken') throw nameTaken();
      return { server_policy: presentServerPolicy(changed) };
    },
  });

const remove = route({
  method: 'DELETE',
  path: `${path}/:id`,
  dialect,
  scope: 'databases:write',
  audit: 'policy.delete',
  summary:
    'Forgets a policy and its runs. Its databases stay with their backups, and with their schedules switched off.',
  answers: 204,
  handler: async (call) => {
    const { id, name } = await ownedPolicy(call, call.params.id);
    call.note({ object: { id, name } });
    if (!(await call.deps.persistence.policies.delete(call.accountId, id))) throw noPolicy();
    return undefined;
  },
});

async function destinationOf(owner: Owner, asked: number | undefined): Promise<number> {
  if (asked === undefined) return await defaultDestination(owner);
  await requireDestination(owner, asked);
  return asked;
}

const nameTaken = () => invalid({ name: ['The name field is the name of another policy of this account.'] });

export const policyRoutes = [list, create, show, change('PATCH'), change('PUT'), remove];
