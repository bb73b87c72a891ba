import type { DataSource } from 'typeorm';
import type { SecretBox } from '@holdfast/shared/security';
import type { OpenedBy, SealedBy, SecretRepository } from './repositories/index.ts';
import { sealedColumns, type SealedColumn } from './sealed.ts';

interface SealedRow {
  key: string[];
  sealed: string;
}

/** Rows that are held in memory at once. */
const pageSize = 500;

export class Secrets implements SecretRepository {
  readonly #dataSource: DataSource;
  readonly #box: SecretBox;

  constructor(dataSource: DataSource, box: SecretBox) {
    this.#dataSource = dataSource;
    this.#box = box;
  }

  async sealedBy(): Promise<SealedBy[]> {
    const queries = sealedColumns.map(({ table, column }) => `select ${column} as sealed from ${table}`);
    const rows = await this.#dataSource.query<{ keyId: string; secrets: number }[]>(
      `select split_part(sealed, '.', 2) as "keyId", count(*)::integer as secrets
       from (${queries.join(' union all ')}) all_of_them where sealed is not null group by 1`,
    );
    const counts = new Map(rows.map(({ keyId, secrets }) => [keyId, secrets]));
    const [inUse, ...others] = this.#box.keyIds;
    const ids = [inUse, ...new Set([...others, ...counts.keys()].filter((id) => id !== inUse).toSorted())];
    return ids.map((keyId) => ({
      keyId,
      secrets: counts.get(keyId) ?? 0,
      inUse: keyId === inUse,
      known: this.#box.keyIds.includes(keyId),
    }));
  }

  async openedBy(): Promise<OpenedBy[]> {
    return await this.#dataSource.query<OpenedBy[]>(
      `select recipient, count(*)::integer as backups
       from holdfast.backups b cross join unnest(b.recipients) recipient
       where b.status = 'done' and b.deleted_at is null group by recipient order by recipient`,
    );
  }

  async reseal(): Promise<number> {
    // Twice, so that one secret that does not open leaves everything as it is.
    for (const column of sealedColumns) {
      for await (const { key, sealed } of this.#sealedByOthers(column)) this.#box.open(sealed, column.context(key));
    }
    let count = 0;
    for (const column of sealedColumns) {
      for await (const row of this.#sealedByOthers(column)) if (await this.#resealRow(column, row)) count += 1;
    }
    return count;
  }

  async *#sealedByOthers({ table, column, key }: SealedColumn): AsyncGenerator<SealedRow> {
    let last: string[] = [];
    for (;;) {
      const after = last.length === 0 ? 'true' : `(${key.join(', ')}) > (${keyParameters(key)})`;
      const page: SealedRow[] = await this.#dataSource.query(
        `select array[${key.map((part) => `${part}::text`).join(', ')}] as key, ${column} as sealed from ${table}
         where ${column} is not null and split_part(${column}, '.', 2) <> $1 and ${after}
         order by ${key.join(', ')} limit ${pageSize}`,
        [this.#box.keyIds[0], ...last],
      );
      yield* page;
      if (page.length < pageSize) return;
      last = page.at(-1)?.key ?? last;
    }
  }

  /** @returns false when somebody changed or removed it meanwhile: what they wrote is sealed by the key in use */
  async #resealRow({ table, column, key: names, context }: SealedColumn, { key, sealed }: SealedRow): Promise<boolean> {
    const anew = this.#box.seal(this.#box.open(sealed, context(key)), context(key));
    const rows = await this.#dataSource.query<unknown[]>(
      `with changed as (
        update ${table} set ${column} = $1 where (${names.join(', ')}) = (${keyParameters(names)}) and ${column} = $${names.length + 2}
        returning 1
      ) select from changed`,
      [anew, ...key, sealed],
    );
    return rows.length > 0;
  }
}

/** The parameters of a key, from `$2` on. */
const keyParameters = (key: readonly string[]): string => key.map((_name, index) => `$${index + 2}`).join(', ');
