import type { TocEntry } from './toc.ts';

/** What a selection can name. */
export const relations: ReadonlySet<string> = new Set(['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW']);

/** What belongs to the object that it needs, and comes with it. */
const parts: ReadonlySet<string> = new Set(
  [
    ['TABLE DATA', 'MATERIALIZED VIEW DATA', 'SEQUENCE', 'SEQUENCE OWNED BY', 'SEQUENCE SET', 'DEFAULT', 'CONSTRAINT'],
    ['CHECK CONSTRAINT', 'FK CONSTRAINT', 'INDEX', 'INDEX ATTACH', 'TABLE ATTACH', 'TRIGGER', 'RULE', 'POLICY'],
    ['ROW SECURITY', 'STATISTICS', 'STATISTICS DATA', 'COMMENT', 'ACL', 'SECURITY LABEL'],
  ].flat(),
);

/** Those parts whose names begin with the object's, because they can need several of its kind. */
const named: ReadonlySet<string> = new Set([
  'DEFAULT',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'FK CONSTRAINT',
  'TRIGGER',
  'RULE',
  'POLICY',
]);

/** What is never pulled along because something needs it: it was not chosen, or belongs to the whole database. */
const notPulled: ReadonlySet<string> = new Set([
  ...relations,
  ...parts,
  'PUBLICATION',
  'SUBSCRIPTION',
  'EVENT TRIGGER',
]);

/** Who needs whom in an archive. */
export class TocIndex {
  readonly toc: readonly TocEntry[];
  readonly #byId: ReadonlyMap<number, TocEntry>;
  readonly #needing = new Map<number, TocEntry[]>();
  readonly #schemas = new Map<string, TocEntry>();
  /** The parents of partitions, by the partition. */
  readonly #parents = new Map<number, Set<number>>();

  constructor(toc: readonly TocEntry[]) {
    this.toc = toc;
    this.#byId = new Map(toc.map((entry) => [entry.id, entry]));
    for (const entry of toc) {
      for (const need of new Set(entry.needs)) this.#addNeed(need, entry);
      if (entry.kind === 'SCHEMA') this.#schemas.set(entry.tag, entry);
      if (entry.kind === 'TABLE ATTACH') this.#addPartition(entry);
    }
  }

  #addNeed(need: number, entry: TocEntry): void {
    const needing = this.#needing.get(need);
    if (needing) needing.push(entry);
    else this.#needing.set(need, [entry]);
  }

  #addPartition({ tag, schema, needs }: TocEntry): void {
    const child = this.#resolve(needs).find((entry) => entry.tag === tag && entry.schema === schema);
    if (!child) return;
    const parents = needs.filter((need) => need !== child.id);
    this.#parents.set(child.id, new Set([...(this.#parents.get(child.id) ?? []), ...parents]));
  }

  #resolve(ids: readonly number[]): TocEntry[] {
    return ids.flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** What the seeds bring along, without what is blocked. */
  closure(seeds: ReadonlySet<TocEntry>, blocked: ReadonlyMap<TocEntry, TocEntry>): Set<TocEntry> {
    const chosen = new Set<TocEntry>();
    const todo = [...seeds];
    for (let entry = todo.pop(); entry; entry = todo.pop()) {
      if (chosen.has(entry) || blocked.has(entry)) continue;
      chosen.add(entry);
      todo.push(...this.#partsOf(entry), ...this.#partitionsOf(entry));
      todo.push(...this.#resolve(entry.needs).filter(({ kind }) => !notPulled.has(kind) || kind === 'SEQUENCE'));
      const schema = entry.schema === null ? undefined : this.#schemas.get(entry.schema);
      if (schema) todo.push(schema);
    }
    return chosen;
  }

  #partsOf(whole: TocEntry): TocEntry[] {
    const belongs = (part: TocEntry): boolean =>
      parts.has(part.kind) &&
      (!named.has(part.kind) || (part.schema === whole.schema && part.tag.startsWith(`${whole.tag} `)));
    return (this.#needing.get(whole.id) ?? []).filter(belongs);
  }

  #partitionsOf({ id }: TocEntry): TocEntry[] {
    return (this.#needing.get(id) ?? []).filter((entry) => this.#parents.get(entry.id)?.has(id));
  }

  /** The first thing that an entry needs and that is in the archive, but not among what is chosen. */
  missing(entry: TocEntry, chosen: ReadonlySet<TocEntry>): TocEntry | null {
    const isParent = (need: TocEntry): boolean => this.#parents.get(entry.id)?.has(need.id) ?? false;
    return this.#resolve(entry.needs).find((need) => !chosen.has(need) && !isParent(need)) ?? null;
  }
}
