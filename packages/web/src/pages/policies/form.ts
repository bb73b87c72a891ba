import type { NewPolicy, Policy } from '../../data/policies.ts';
import { newConnection, registrationOf, type Connection } from '../databases/new/connection.ts';
import { keepingOf, newKeeping, rulesOf, type Keeping } from '../plan/keeping.ts';
import { newProving, provingOf, verificationOf, type Proving } from '../plan/proving.ts';
import { browserZone } from '../plan/time-zones.ts';
import { cronOf, newTiming, timingOf, type Timing } from '../plan/timing.ts';

/** A policy as its form holds it. */
export interface PolicyForm {
  connection: Connection & { type: Policy['type'] };
  /** '': the account's oldest. */
  destination: string;
  /** A pattern a line. */
  include: string;
  exclude: string;
  timing: Timing;
  keeping: Keeping;
  proving: Proving;
  /** On whose server scratch databases are made; null: each database's own. */
  scratch: string | null;
}

export const newForm = (): PolicyForm => ({
  connection: { ...newConnection(), type: 'postgresql' },
  destination: '',
  include: '*',
  exclude: '',
  timing: newTiming(browserZone()),
  keeping: newKeeping(),
  proving: newProving(),
  scratch: null,
});

export function formOf(policy: Policy): PolicyForm {
  const { name, type, host, port, user, database, globals, options, verification } = policy;
  return {
    connection: {
      ...newConnection(),
      name,
      type,
      host,
      port,
      user,
      database,
      globals,
      tls: options.sslmode ?? 'prefer',
      certificates: options.ca ?? '',
      authSource: options.auth_source ?? '',
    },
    destination: String(policy.destination_id),
    include: policy.include.join('\n'),
    exclude: policy.exclude.join('\n'),
    timing: timingOf(policy.cron, policy.timezone),
    keeping: keepingOf(policy.retention),
    proving: provingOf(verification),
    scratch: verification?.scratch_database_id ?? null,
  };
}

const lines = (text: string): string[] => text.split('\n').flatMap((line) => line.trim() || []);

export function policyOf(form: PolicyForm): NewPolicy {
  const { connection, destination, timing, keeping, proving, scratch } = form;
  const { globals } = connection;
  // The server's globals belong to the whole run, not to each database.
  const { name: _suggested, database, options, ...server } = registrationOf({ ...connection, globals: false });
  const { host = '', port, user, password } = server;
  return {
    name: connection.name.trim(),
    type: connection.type,
    host,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(options && { options }),
    ...(destination !== '' && { destination_id: Number(destination) }),
    include: lines(form.include),
    exclude: lines(form.exclude),
    ...(connection.type === 'postgresql' && { globals }),
    cron: cronOf(timing),
    timezone: timing.timezone,
    retention: rulesOf(keeping),
    verification: verificationOf(proving, scratch),
  };
}
