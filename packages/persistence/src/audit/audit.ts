import { LessThan, Like, type DataSource, type FindOptionsWhere } from 'typeorm';
import type { AuditedAction, AuditEntry, AuditOutcome, Ids } from '@holdfast/shared/domain';
import { auditEntity, type AuditRow } from '../entities/audit.ts';
import type { AuditFilter, AuditRepository, AuditVerification } from '../repositories/index.ts';
import { enter, valuesOf } from './enter.ts';
import { chainOf, hashOf, noHash } from './hash.ts';

/** After that nobody works at a request any more: what it began is entered as `unknown`. */
const patience = `interval '10 minutes'`;
/** What was left behind and is entered with each new entry, so that none pays for many. */
const enteredAtOnce = 10;
/** Entries that a verification holds in memory. */
const pageSize = 1000;

export class Audit implements AuditRepository {
  readonly #dataSource: DataSource;
  readonly #ids: Ids;

  constructor(dataSource: DataSource, ids: Ids) {
    this.#dataSource = dataSource;
    this.#ids = ids;
  }

  async begin(action: AuditedAction): Promise<string> {
    const id = this.#ids.uuid();
    await this.#dataSource.query('insert into holdfast.audit_intents (id, chain, action) values ($1, $2, $3)', [
      id,
      chainOf(action.accountId),
      JSON.stringify(action),
    ]);
    return id;
  }

  async end(begun: string, action: AuditedAction, outcome: AuditOutcome): Promise<void> {
    await this.#dataSource.query(
      `with begun as (delete from holdfast.audit_intents where id = $14) ${enter('values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)')}`,
      [...valuesOf(this.#ids.uuid(), action, outcome), begun],
    );
    await this.#enterLeftOvers();
  }

  async drop(begun: string): Promise<void> {
    await this.#dataSource.query('delete from holdfast.audit_intents where id = $1', [begun]);
  }

  async enter(action: AuditedAction, outcome: AuditOutcome): Promise<void> {
    await this.#dataSource.query(
      enter('values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)'),
      valuesOf(this.#ids.uuid(), action, outcome),
    );
  }

  async list(accountId: number | null, { before, action, objectId, limit }: AuditFilter): Promise<AuditEntry[]> {
    await this.#enterLeftOvers();
    const where: FindOptionsWhere<AuditRow> = {
      chain: chainOf(accountId),
      ...(before === null ? {} : { position: LessThan(before) }),
      ...(action === null
        ? {}
        : { action: action.includes('.') ? action : Like(`${action.replaceAll(/[\\%_]/g, '\\$&')}.%`) }),
      ...(objectId === null ? {} : { objectId }),
    };
    const order = { position: 'DESC' } as const;
    return (await this.#dataSource.manager.find(auditEntity, { where, order, take: limit })).map(entryOf);
  }

  async verify(accountId: number | null, sought: readonly string[] = []): Promise<AuditVerification> {
    await this.#enterLeftOvers();
    const found: AuditVerification = { entries: 0, head: null, broken: null, found: [] };
    for await (const entry of this.#entries(chainOf(accountId))) {
      const problem = problemOf(entry, found);
      if (problem !== null) return { ...found, broken: { position: entry.position, problem } };
      found.entries = entry.position;
      found.head = entry.hash;
      if (sought.includes(entry.hash)) found.found.push(entry.hash);
    }
    return found;
  }

  async *#entries(chain: number): AsyncGenerator<AuditEntry> {
    for (let last = -2_147_483_648; ;) {
      const rows = await this.#dataSource.manager
        .createQueryBuilder(auditEntity, 'e')
        .where('e.chain = :chain and e.position > :last', { chain, last })
        .orderBy('e.position')
        .take(pageSize)
        .getMany();
      yield* rows.map(entryOf);
      if (rows.length < pageSize) return;
      last = rows.at(-1)?.position ?? last;
    }
  }

  /** Enters what was begun by processes that ended before it was over. */
  async #enterLeftOvers(): Promise<void> {
    await this.#dataSource.query(
      `with left_over as (
        delete from holdfast.audit_intents where id in (
          select id from holdfast.audit_intents where begun_at <= now() - ${patience}
          order by begun_at limit $1 for update skip locked
        ) returning *
      ) ${enter(`select chain, id, action #>> '{actor,type}', action #>> '{actor,id}', action #>> '{actor,name}',
          action ->> 'action', 'unknown', action #>> '{object,type}', action #>> '{object,id}', action #>> '{object,name}',
          action ->> 'address', action ->> 'requestId', (action -> 'details')::text from left_over order by chain, id`)}`,
      [enteredAtOnce],
    );
  }
}

/** What is wrong with an entry that follows those which were found to be right. */
function problemOf(entry: AuditEntry, { entries, head }: AuditVerification): string | null {
  const expected = entries + 1;
  if (entry.position !== expected) return `Entry ${expected} is missing.`;
  if (entry.previous !== (head ?? noHash)) return `Entry ${expected} does not follow on the one before it.`;
  if (entry.hash !== hashOf(entry)) return `Entry ${expected} was changed after it was written.`;
  return null;
}

const entryOf = (row: AuditRow): AuditEntry => ({
  id: row.id,
  position: row.position,
  accountId: row.chain === 0 ? null : row.chain,
  at: row.at,
  actor: { type: row.actorType === 'token' ? 'token' : 'system', id: row.actorId, name: row.actorName },
  action: row.action,
  outcome: row.outcome as AuditOutcome,
  object: { type: row.objectType, id: row.objectId, name: row.objectName },
  address: row.address,
  requestId: row.requestId,
  details: row.details,
  previous: row.previous,
  hash: row.hash,
});
