import {
  cronProblem,
  defaultPorts,
  engineTypes,
  maintenanceDatabases,
  reaches,
  toHoldfastError,
  type Engine,
  type EngineType,
  type VerificationPolicy,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { databaseName, integerId, secret, serverName, text } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';
import { refuseForeignOptions } from '../databases/engine-options.ts';
import { objectivesField } from '../databases/objectives-field.ts';
import type { Owner } from '../databases/owned.ts';
import { host, name, options, usualUsers } from '../databases/registration.ts';
import { retentionFields } from '../databases/retention.ts';
import { mustRestoreInto, policyFields, scratchOf } from '../databases/verification-policy.ts';

const mostPatterns = 100;
const longestPattern = 200;

const patterns = z.array(text(longestPattern)).max(mostPatterns);

/** The name of a policy, with which the names of its databases begin. */
const policyName = name.refine((value) => value.length <= 40, { error: 'must not be longer than 40 characters' });

const connection = z.object({
  name: policyName,
  host,
  port: z.int().min(1).max(65_535).optional(),
  user: serverName.optional(),
  password: z.preprocess((value) => (value === '' ? null : value), secret(1024).nullable()).optional(),
  database: databaseName.optional(),
  options: options.optional(),
  destination_id: integerId.optional(),
  include: patterns.min(1, { error: 'must hold at least one pattern' }).optional(),
  exclude: patterns.optional(),
  globals: z.boolean().optional(),
  cron: text(200),
  timezone: text(64).optional(),
  jitter_seconds: z.int().min(0).max(86_400).optional(),
  retention: retentionFields.optional(),
  verification: policyFields.optional(),
  objectives: objectivesField.optional().meta({
    description: 'What is asked of the backups of its databases, but for those with objectives of their own.',
  }),
  enabled: z.boolean().optional(),
});

export const newPolicy = z.object({ server_policy: connection.extend({ type: z.enum(engineTypes) }) }).meta({
  examples: [
    {
      server_policy: {
        name: 'main',
        type: 'postgresql',
        host: 'db.example.org',
        user: 'backup',
        password: 'your_password',
        include: ['*'],
        exclude: ['test_*'],
        globals: true,
        cron: '30 3 * * *',
        timezone: 'Europe/Paris',
        retention: { keep_last: 7 },
      },
    },
  ],
});

export const policyChange = z.object({ server_policy: connection.partial() }).meta({
  examples: [{ server_policy: { enabled: false } }, { server_policy: { exclude: ['test_*', 'tmp_?'] } }],
});

type ListingEngine = Engine & Required<Pick<Engine, 'list'>>;

const lists = (engine: Engine): engine is ListingEngine => engine.list !== undefined;

/** The engine of a kind of server that has several databases. @throws Problem 422 */
export function listingEngine({ engines }: ApiDeps, type: EngineType): ListingEngine {
  let engine: Engine;
  try {
    engine = engines.get(type);
  } catch (error) {
    throw invalid({ type: [`The type field is of no use here: ${toHoldfastError(error).message}`] });
  }
  if (!lists(engine) || maintenanceDatabases[type] === null) {
    throw invalid({
      type: ['The type field must be a kind of server that has several databases: register a database instead.'],
    });
  }
  return engine;
}

/** What is decided by the kind of server. @throws Problem 422 */
export function usualPlace(type: EngineType): { port: number; database: string } {
  const [port, database] = [defaultPorts[type], maintenanceDatabases[type]];
  if (port === null || database === null) throw invalid({ type: ['The type field must be a kind of server.'] });
  return { port, database };
}

/** @throws Problem 422 for options and globals that a server of that kind has not, and for globals of each single database */
export function checkOptions(
  engine: Engine,
  { globals, options: given }: { globals?: boolean | undefined; options?: z.output<typeof options> | undefined },
): void {
  refuseForeignOptions(engine.type, given ?? {});
  if (globals === true && !engine.globals) {
    throw invalid({ globals: [`The globals field must not be true: a server of the type ${engine.type} has none.`] });
  }
  if (given?.globals !== undefined) {
    throw invalid({
      'options.globals': ['The options.globals field must be left out: the globals field says it for the whole run.'],
    });
  }
}

/** The user that is meant where none is named. @throws Problem 422 where there is no such */
export function userOf(type: EngineType, user: string | undefined): string {
  const meant = user ?? usualUsers[type];
  if (meant !== undefined) return meant;
  throw invalid({ user: ['The user field is required.'] });
}

/** @throws Problem 422 */
export function checkTimes({ cron, timezone }: { cron: string; timezone: string }): void {
  const problem = cronProblem(cron, timezone);
  if (problem) throw invalid({ [problem.field]: [problem.message] });
}

/** @throws Problem 422 when databases of the type cannot be verified so */
export async function toVerification(
  owner: Owner,
  type: EngineType,
  asked: z.output<typeof policyFields>,
): Promise<VerificationPolicy | null> {
  if (!asked) return null;
  const { level, every = 1, scratch_database_id: wanted } = asked;
  if (wanted === undefined || wanted === null) return { level, every, scratchDatabaseId: null };
  const scratch = await scratchOf(owner, { id: wanted, type }, wanted);
  if (reaches(level, 'restorable')) mustRestoreInto(scratch, level);
  return { level, every, scratchDatabaseId: scratch.id };
}
