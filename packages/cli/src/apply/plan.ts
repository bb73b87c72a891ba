import { CliError, exits } from '../exits.ts';
import { kinds, type Declaration, type Declared, type Kind } from './declare.ts';
import { same, type Fields, type Value } from './normal.ts';

/** One thing as it is, in the words of the file. */
export interface Existing {
  kind: Kind;
  id: string;
  name: string;
  database: string | null;
  fields: Fields;
}

export interface FieldChange {
  field: string;
  /** Undefined: it is not there yet. */
  from: Value | undefined;
  to: Value;
}

export type Step =
  | { action: 'create'; declared: Declared; fields: FieldChange[] }
  | { action: 'update'; declared: Declared; existing: Existing; fields: FieldChange[]; rotates: boolean }
  | { action: 'remove'; existing: Existing };

export interface Plan {
  /** In the order in which they are to be done. */
  steps: Step[];
  unchanged: number;
  /** What the file says nothing of, though it says all of its kind. */
  left: Existing[];
}

export interface Wishes {
  /** Also removes what the file says nothing of. */
  prune: boolean;
  /** Sends the secrets of everything, which cannot be compared. */
  rotate: boolean;
}

/** What has to be done so that what is there is as declared. Pure. */
export function planOf(
  { things, whole, scheduled }: Declaration,
  existing: readonly Existing[],
  { prune, rotate }: Wishes,
): Plan {
  const found = pairs(things, existing);
  const steps: Step[] = [];
  let unchanged = 0;
  for (const declared of things) {
    const current = found.get(declared);
    const fields = changesOf(declared, current);
    if (!current) steps.push({ action: 'create', declared, fields });
    else {
      const rotates = rotate && Object.keys(declared.secrets).length > 0;
      if (fields.length > 0 || rotates) steps.push({ action: 'update', declared, existing: current, fields, rotates });
      else unchanged += 1;
    }
  }
  const taken = new Set(found.values());
  const databases = new Set(things.filter(({ kind }) => kind === 'database').map(({ name }) => name));
  const extra = existing.filter((each) => {
    if (taken.has(each)) return false;
    if (each.kind !== 'schedule') return whole.has(each.kind);
    // The schedules of a database that goes go with it.
    return each.database !== null && databases.has(each.database) && scheduled.has(each.database);
  });
  // Channels last, so that somebody is told of what comes of the rest.
  const order = (kind: Kind): number => (kind === 'channel' ? -1 : kinds.indexOf(kind));
  const removals = extra.toSorted((one, other) => order(other.kind) - order(one.kind));
  return {
    steps: prune ? [...steps, ...removals.map((each): Step => ({ action: 'remove', existing: each }))] : steps,
    unchanged,
    left: prune ? [] : extra,
  };
}

/** Which existing thing each declared one is. @throws CliError notFound, when several have the name */
function pairs(things: readonly Declared[], existing: readonly Existing[]): Map<Declared, Existing> {
  const found = new Map<Declared, Existing>();
  const free = new Set(existing);
  const take = (declared: Declared, current: Existing | undefined): void => {
    if (!current) return;
    found.set(declared, current);
    free.delete(current);
  };
  const isFor = (declared: Declared) => (each: Existing) =>
    each.kind === declared.kind && each.name === declared.name && each.database === declared.database;
  for (const declared of things) {
    const [current, another] = [...free].filter(isFor(declared));
    if (another && declared.kind !== 'schedule') {
      const text = `There are several ${declared.kind}s "${declared.name}": give them different names first.`;
      throw new CliError(exits.notFound, text);
    }
    take(declared, current);
  }
  // One schedule without a counterpart on either side is one whose times were changed: with it go its slots and its retention.
  const open = things.filter((declared) => declared.kind === 'schedule' && !found.has(declared));
  for (const declared of open) {
    const beside = open.filter(({ database }) => database === declared.database);
    const candidates = [...free].filter(({ kind, database }) => kind === 'schedule' && database === declared.database);
    if (beside.length === 1 && candidates.length === 1) take(declared, candidates[0]);
  }
  return found;
}

/** Fields of which the service takes a part and leaves the rest. */
const merged: ReadonlySet<string> = new Set(['rules', 'email']);

/**
 * What of the declared fields is otherwise; what the file says nothing of is left alone, and what the service does not show
 * cannot be compared. What becomes another type is given anew.
 */
function changesOf({ fields }: Declared, current: Existing | undefined): FieldChange[] {
  const isNew = !current || !same(current.fields['type'], fields['type']);
  const parts = Object.entries(fields).flatMap(([field, to]): FieldChange[] => {
    const from = current?.fields[field];
    return merged.has(field) ? partsOf(field, from, to) : [{ field, from, to }];
  });
  return isNew ? parts : parts.filter(({ from, to }) => from !== undefined && !same(from, to));
}

const partsOf = (field: string, from: Value | undefined, to: Value): FieldChange[] =>
  Object.entries((to ?? {}) as Fields).map(([part, value]) => ({
    field: `${field}.${part}`,
    from: ((from ?? {}) as Fields)[part],
    to: value,
  }));
