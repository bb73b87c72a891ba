import {
  covers,
  suspicionOf,
  unreadableName,
  type ListedDatabase,
  type PolicyMember,
  type PublicError,
  type ServerPolicy,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { bytesView, errorView } from '../../presenters/values.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { failureOfProbe, probeSeconds, type Probing } from '../probing.ts';
import { listingEngine } from './fields.ts';
import { ownedPolicy, path } from './owned.ts';

const testView = z.strictObject({
  ok: z.boolean(),
  error: errorView.nullable(),
  covered: z
    .array(z.strictObject({ database: z.string(), size_bytes: bytesView.nullable(), is_new: z.boolean() }))
    .meta({ description: 'What the next run would back up.' }),
  passed_over: z
    .array(z.strictObject({ database: z.string(), reason: z.string() }))
    .meta({ description: 'What is covered, and would get no backup.' }),
  left_out: z.array(z.string()).meta({ description: 'What is there, and not covered.' }),
  vanished: z.array(z.string()).meta({ description: 'What is covered, and not there any more.' }),
  suspicious: z.string().nullable(),
});

export const probe = route({
  method: 'POST',
  path: `${path}/:id/test`,
  dialect,
  scope: 'databases:write',
  audit: { none: 'It only looks.' },
  summary:
    'Connects to the server of a policy and tells which of its databases a run would back up now. Nothing is changed.',
  answers: 200,
  response: z.strictObject({ server_policy_test: testView }),
  handler: async (call) => {
    const policy = await ownedPolicy(call, call.params.id);
    const { listed, error } = await listFor(call, policy);
    const members = await call.deps.persistence.policies.members(policy.id);
    return {
      server_policy_test: { ok: error === null, error, ...(listed ? compare(policy, members, listed) : nothing) },
    };
  },
});

const nothing = { covered: [], passed_over: [], left_out: [], vanished: [], suspicious: null };

function compare(policy: ServerPolicy, members: readonly PolicyMember[], listed: readonly ListedDatabase[]) {
  const known = new Set(members.map(({ database }) => database));
  const there = new Set(listed.map(({ name }) => name));
  const inSight = members.filter(({ vanishedAt }) => vanishedAt === null);
  const gone = members.filter(({ database }) => !there.has(database));
  const covered = listed.filter(({ name }) => covers(policy, name));
  return {
    covered: covered
      .filter(({ name }) => unreadableName(name) === null)
      .map(({ name, sizeBytes }) => ({ database: name, size_bytes: sizeBytes, is_new: !known.has(name) })),
    passed_over: covered.flatMap(({ name: database }) => {
      const reason = unreadableName(database);
      return reason === null ? [] : [{ database, reason }];
    }),
    left_out: listed.filter(({ name }) => !covers(policy, name)).map(({ name }) => name),
    vanished: gone.map(({ database }) => database),
    suspicious: suspicionOf(
      inSight.length,
      inSight.filter(({ database }) => !there.has(database)).length,
      listed.length,
    ),
  };
}

type Looked = { listed: ListedDatabase[]; error: null } | { listed: null; error: PublicError };

async function listFor({ deps, log, signal }: Probing, policy: ServerPolicy): Promise<Looked> {
  const engine = listingEngine(deps, policy.type);
  try {
    const listed = await withinSeconds(probeSeconds, signal, (limited) => engine.list(policy, { signal: limited }));
    return { listed, error: null };
  } catch (error) {
    return { listed: null, error: failureOfProbe(error, log) };
  }
}
