import type { DataSource } from 'typeorm';
import type { SecretBox } from '@holdfast/shared/security';
import { only } from './only.ts';
import type { OpenedBy, SealedBy, SecretCount, SecretRepository, UnreadableCount } from './repositories/index.ts';
import { forgotten, sealedColumns, type SealedColumn } from './sealed.ts';

interface SealedRow {
  key: string[];
  sealed: string;
}

/** Secrets of one kind and key that the look at a start tries: the first and the last ones. */
const tried = 100;

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
       from (${queries.join(' union all ')}) all_of_them where sealed <> $1 group by 1`,
      [forgotten],
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
      for await (const row of this.#sealed(column, this.#box.keyIds[0]))
        this.#box.open(row.sealed, column.context(row.key));
    }
    let count = 0;
    for (const column of sealedColumns) {
      for await (const row of this.#sealed(column, this.#box.keyIds[0]))
        if (await this.#resealRow(column, row)) count += 1;
    }
    return count;
  }

  async unreadable(): Promise<UnreadableCount[]> {
    const counts: UnreadableCount[] = [];
    for (const column of sealedColumns) {
      for (const { keyId, secrets: all } of await this.#keysOf(column)) {
        const secrets = this.#box.keyIds.includes(keyId) ? await this.#unopened(column, keyId) : all;
        if (secrets > 0) counts.push({ what: column.what, keyId, secrets });
      }
    }
    return counts;
  }

  async #keysOf({ table, column }: SealedColumn): Promise<{ keyId: string; secrets: number }[]> {
    return await this.#dataSource.query(
      `select split_part(${column}, '.', 2) as "keyId", count(*)::integer as secrets from ${table}
       where ${column} <> $1 group by 1 order by 1`,
      [forgotten],
    );
  }

  async #unopened(column: SealedColumn, keyId: string): Promise<number> {
    const { table, column: name, key } = column;
    const part = (direction: 'asc' | 'desc'): string =>
      `(select array[${key.map((one) => `${one}::text`).join(', ')}] as key, ${name} as sealed from ${table}
        where ${name} <> $1 and split_part(${name}, '.', 2) = $2
        order by ${key.map((one) => `${one} ${direction}`).join(', ')} limit ${tried / 2})`;
    const rows = await this.#dataSource.query<SealedRow[]>(`${part('asc')} union ${part('desc')}`, [forgotten, keyId]);
    return rows.filter((row) => !this.#opens(column, row)).length;
  }

  async lost(): Promise<SecretCount[]> {
    return await countsOf(async (column) => {
      let secrets = 0;
      for await (const row of this.#sealed(column)) if (!this.#opens(column, row)) secrets += 1;
      return secrets;
    });
  }

  async forget(): Promise<SecretCount[]> {
    return await countsOf(async (column) => {
      let secrets = 0;
      for await (const row of this.#sealed(column)) {
        if (!this.#opens(column, row) && (await this.#replace(column, row, forgotten))) secrets += 1;
      }
      return secrets;
    });
  }

  async forgotten(): Promise<SecretCount[]> {
    return await countsOf(async ({ table, column }) => {
      const counted = `select count(*)::integer as secrets from ${table} where ${column} = $1`;
      return only(await this.#dataSource.query<{ secrets: number }[]>(counted, [forgotten])).secrets;
    });
  }

  /** Tried rather than told by the key's id: a new key may have the id of the one that is lost. */
  #opens({ context }: SealedColumn, { key, sealed }: SealedRow): boolean {
    try {
      this.#box.open(sealed, context(key));
      return true;
    } catch {
      return false;
    }
  }

  /** @param except the id of a key; what it seals is left out */
  async *#sealed({ table, column, key }: SealedColumn, except = ''): AsyncGenerator<SealedRow> {
    let last: string[] = [];
    for (;;) {
      const after = last.length === 0 ? 'true' : `(${key.join(', ')}) > (${keyParameters(key, 3)})`;
      const page: SealedRow[] = await this.#dataSource.query(
        `select array[${key.map((part) => `${part}::text`).join(', ')}] as key, ${column} as sealed from ${table}
         where ${column} <> $1 and split_part(${column}, '.', 2) <> $2 and ${after}
         order by ${key.join(', ')} limit ${pageSize}`,
        [forgotten, except, ...last],
      );
      yield* page;
      if (page.length < pageSize) return;
      last = page.at(-1)?.key ?? last;
    }
  }

  async #resealRow(column: SealedColumn, row: SealedRow): Promise<boolean> {
    const context = column.context(row.key);
    return await this.#replace(column, row, this.#box.seal(this.#box.open(row.sealed, context), context));
  }

  /** @returns false when somebody changed or removed it meanwhile: what they wrote is sealed by the key in use */
  async #replace(
    { table, column, key: names }: SealedColumn,
    { key, sealed }: SealedRow,
    anew: string,
  ): Promise<boolean> {
    const rows = await this.#dataSource.query<unknown[]>(
      `with changed as (
        update ${table} set ${column} = $1 where (${names.join(', ')}) = (${keyParameters(names, 2)}) and ${column} = $${names.length + 2}
        returning 1
      ) select from changed`,
      [anew, ...key, sealed],
    );
    return rows.length > 0;
  }
}

const keyParameters = (key: readonly string[], first: number): string =>
  key.map((_name, index) => `$${index + first}`).join(', ');

async function countsOf(count: (column: SealedColumn) => Promise<number>): Promise<SecretCount[]> {
  const counts: SecretCount[] = [];
  for (const column of sealedColumns) {
    const secrets = await count(column);
    if (secrets > 0) counts.push({ what: column.what, secrets });
  }
  return counts;
}
