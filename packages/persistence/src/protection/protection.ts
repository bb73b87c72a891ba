import type { DataSource } from 'typeorm';
import {
  alertOf,
  estimateRestore,
  judge,
  notJudged,
  reaches,
  verificationLevels,
  type Database,
  type GoodBackup,
  type Judgement,
  type ProtectionFacts,
  type ProtectionState,
  type RestorePace,
  type RestoreSeconds,
  type VerificationLevel,
} from '@holdfast/shared/domain';
import { isUuid } from '../keys.ts';
import type { DatabaseProtection, ProtectionRepository } from '../repositories/index.ts';
import { factsQuery } from './facts.ts';

/** A moment inside of JSON: milliseconds since 1970. */
type Millis = number | null;

type FactsRow = Pick<Database, 'id' | 'name' | 'type' | 'createdAt'> &
  Omit<ProtectionFacts, 'newest' | 'restore' | 'server' | 'services'> & {
    askedSince: Date;
    newest: Record<VerificationLevel, (Omit<GoodBackup, 'madeAt'> & { madeAt: number }) | null>;
    measuredSeconds: number | null;
    plainBytes: number | null;
    paces: RestorePace[];
    server: { name: string; seenAt: Millis } | null;
    services: { scheduler: Millis; worker: Millis };
    lastState: ProtectionState | null;
    lastSince: Date | null;
  };

export class Protection implements ProtectionRepository {
  readonly #dataSource: DataSource;
  readonly #silentSeconds: number;

  /** @param silentSeconds after which a service that was not heard is silent */
  constructor(dataSource: DataSource, silentSeconds: number) {
    this.#dataSource = dataSource;
    this.#silentSeconds = silentSeconds;
  }

  async of(accountId: number, databaseId?: string): Promise<DatabaseProtection[]> {
    const judged = await this.#judged(accountId, databaseId);
    return judged.map(({ row: { id, name, type, lastState, lastSince }, judgement }) => ({
      database: { id, name, type },
      ...judgement,
      since: judgement.state === lastState ? lastSince : null,
    }));
  }

  async record(): Promise<void> {
    const accounts = await this.#dataSource.query<{ id: number }[]>('select id from holdfast.accounts order by id');
    const failures: unknown[] = [];
    for (const { id } of accounts) {
      try {
        await this.#recordAccount(id);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} accounts could not be judged.`);
  }

  async #judged(accountId: number, databaseId?: string): Promise<{ row: FactsRow; judgement: Judgement }[]> {
    if (databaseId !== undefined && !isUuid(databaseId)) return [];
    const rows = await this.#dataSource.query<FactsRow[]>(factsQuery, [
      accountId,
      databaseId ?? null,
      this.#silentSeconds,
    ]);
    return rows.map((row) => ({ row, judgement: judgeAlone(row) }));
  }

  /** Of two that judged at the same time the later judgement stays. */
  async #recordAccount(accountId: number): Promise<void> {
    const judged = await this.#judged(accountId);
    const states = judged.map(({ row: { id, name, createdAt, askedSince, now }, judgement }) => {
      const alert = alertOf(judgement, { name, createdAt, askedSince, now });
      return { id, state: judgement.state, now, alert: alert?.kind ?? null, message: alert?.message ?? null };
    });
    await this.#dataSource.query(
      `insert into holdfast.protection_states as p (database_id, state, since, judged_at, alert, message)
       select d.id, j.state, j.now, j.now, j.alert, j.message
       from json_to_recordset($1) j (id uuid, state text, now timestamptz, alert text, message text)
       join holdfast.databases d on d.id = j.id
       order by d.id
       on conflict (database_id) do update set judged_at = excluded.judged_at, state = excluded.state,
         alert = excluded.alert, message = excluded.message,
         since = case when p.state = excluded.state then p.since else excluded.since end
       where p.judged_at < excluded.judged_at`,
      [JSON.stringify(states)],
    );
  }
}

/** One that cannot be judged hides none of the others. */
function judgeAlone(row: FactsRow): Judgement {
  try {
    return judge(factsOf(row));
  } catch (error) {
    return notJudged(error instanceof Error ? error.message : String(error));
  }
}

const moment = (millis: Millis): Date | null => (millis === null ? null : new Date(millis));

function factsOf(row: FactsRow): ProtectionFacts {
  const found = verificationLevels.flatMap((level) => row.newest[level] ?? []);
  const newest = (level: VerificationLevel): [VerificationLevel, GoodBackup | null] => {
    const [one] = found.filter((good) => reaches(good.level, level)).toSorted((a, b) => b.madeAt - a.madeAt);
    return [level, one ? { ...one, madeAt: new Date(one.madeAt) } : null];
  };
  return {
    ...row,
    newest: Object.fromEntries(verificationLevels.map(newest)) as ProtectionFacts['newest'],
    restore: restoreSeconds(row),
    server: row.server && { name: row.server.name, seenAt: moment(row.server.seenAt) },
    services: { scheduler: moment(row.services.scheduler), worker: moment(row.services.worker) },
  };
}

function restoreSeconds({ measuredSeconds, plainBytes, paces }: FactsRow): RestoreSeconds | null {
  if (measuredSeconds !== null) return { seconds: Math.ceil(measuredSeconds), basis: 'measured' };
  const estimate = estimateRestore(plainBytes, { database: [], account: paces });
  return estimate && { seconds: estimate.seconds, basis: 'estimated' };
}
