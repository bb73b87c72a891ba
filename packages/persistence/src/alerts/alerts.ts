import { In, IsNull, type DataSource, type EntityManager } from 'typeorm';
import type { Alert, AlertKind, Ids } from '@holdfast/shared/domain';
import { currentTime } from '../current-time.ts';
import { alertEntity } from '../entities/alerts.ts';
import { recordAlerts } from '../notifications/events.ts';
import type { AlertRepository } from '../repositories/index.ts';
import { isUuid } from '../keys.ts';
import { alertRules } from './rules.ts';

type Finding = Pick<Alert, 'accountId' | 'kind' | 'subjectType' | 'subjectId' | 'message'>;

const kinds = Object.keys(alertRules) as AlertKind[];
const keyOf = ({ accountId, kind, subjectType, subjectId }: Finding): string =>
  JSON.stringify([accountId, kind, subjectType, subjectId]);

/** Everything that is wrong now. */
const findings = kinds
  .map(
    (kind) =>
      `select account_id as "accountId", '${kind}' as kind, '${alertRules[kind].subject}' as "subjectType",
         subject_id as "subjectId", message from (${alertRules[kind].query}) ${kind}`,
  )
  .join('\nunion all\n');

const unanswered = { clearedAt: null, acknowledgedAt: null, acknowledgedBy: null } as const;

const historyDays = 400;
const rowsAtOnce = 500;

export class Alerts implements AlertRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;
  readonly #silentSeconds: number;

  /** @param silentSeconds after which a service that was not heard is silent */
  constructor(dataSource: DataSource, ids: Ids, silentSeconds: number) {
    this.#dataSource = dataSource;
    this.#ids = ids;
    this.#silentSeconds = silentSeconds;
  }

  async update(): Promise<{ raised: Alert[]; cleared: Alert[] }> {
    return await this.#dataSource.transaction(async (manager) => {
      const [lock] = await manager.query<{ held: boolean }[]>(
        `select pg_try_advisory_xact_lock(hashtextextended('holdfast alerts', 0)) as held`,
      );
      return lock?.held ? await this.#update(manager) : { raised: [], cleared: [] };
    });
  }

  async list(accountId: number, { open, limit }: { open: boolean; limit: number }): Promise<Alert[]> {
    return await this.#dataSource.manager.find(alertEntity, {
      where: { accountId, ...(open ? { clearedAt: IsNull() } : {}) },
      order: { raisedAt: 'DESC', id: 'DESC' },
      take: limit,
    });
  }

  async acknowledge(accountId: number, id: string, by: string): Promise<Alert | null> {
    if (!isUuid(id)) return null;
    await this.#dataSource.query(
      `update holdfast.alerts set acknowledged_at = clock_timestamp(), acknowledged_by = $3
       where id = $2 and account_id = $1 and cleared_at is null and acknowledged_at is null`,
      [accountId, id, by],
    );
    return await this.#dataSource.manager.findOneBy(alertEntity, { accountId, id });
  }

  async #update(manager: EntityManager): Promise<{ raised: Alert[]; cleared: Alert[] }> {
    const now = await currentTime(manager);
    const found = await manager.query<Finding[]>(findings, [this.#silentSeconds]);
    const open = await manager.findBy(alertEntity, { clearedAt: IsNull() });
    const openByKey = new Map(open.map((alert) => [keyOf(alert), alert]));
    const raised: Alert[] = [];
    for (const finding of found) {
      const known = openByKey.get(keyOf(finding));
      if (!known) raised.push({ ...finding, id: this.#ids.uuid(), raisedAt: now, seenAt: now, ...unanswered });
      else if (known.message !== finding.message) {
        await manager.update(alertEntity, { id: known.id }, { message: finding.message });
      }
      openByKey.delete(keyOf(finding));
    }
    const cleared = [...openByKey.values()].map((alert) => ({ ...alert, clearedAt: now }));
    await eachBatch(cleared, (batch) =>
      manager.update(alertEntity, { id: In(batch.map(({ id }) => id)) }, { clearedAt: now }),
    );
    await manager.update(alertEntity, { clearedAt: IsNull() }, { seenAt: now });
    await eachBatch(raised, (batch) => manager.insert(alertEntity, batch));
    await eachBatch([...raised, ...cleared], (batch) => recordAlerts(manager, this.#ids, batch));
    await manager.query(`delete from holdfast.alerts where cleared_at < now() - interval '${historyDays} days'`);
    return { raised, cleared };
  }
}

async function eachBatch<T>(items: readonly T[], act: (batch: T[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += rowsAtOnce) await act(items.slice(from, from + rowsAtOnce));
}
