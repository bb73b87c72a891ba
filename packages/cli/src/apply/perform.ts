import { ApiError } from '@holdfast/client';
import { joined, withheld, type Declared } from './declare.ts';
import type { Installation } from './installation.ts';
import type { Fields } from './normal.ts';
import type { Plan, Step } from './plan.ts';

/** The values of secrets by the declared thing and the dotted name of the field. */
export type Secrets = ReadonlyMap<Declared, Readonly<Record<string, string>>>;

export interface Outcome {
  step: Step;
  /** `kept`: the service refused to remove it, which hinders nothing else. */
  state: 'done' | 'kept' | 'failed' | 'not_tried';
  /** What is shown this once. */
  shownOnce: string | null;
  /** Why it was kept or failed. */
  error?: unknown;
}

export interface Performed {
  outcomes: Outcome[];
  /** What ended it early, of whatever kind; null: all was tried. */
  failure: { step: Step; error: unknown } | null;
}

/**
 * Does the steps of a plan one after the other, and stops at the first that fails, but goes on where the service refuses to
 * remove something. Never throws: what was done must be told, and what is shown once, however it ends.
 */
export async function perform(
  { steps }: Plan,
  installation: Installation,
  secrets: Secrets,
  watch: (outcome: Outcome) => void = () => undefined,
): Promise<Performed> {
  const outcomes: Outcome[] = [];
  let failure: Performed['failure'] = null;
  for (const step of steps) {
    let outcome: Outcome = { step, state: 'not_tried', shownOnce: null };
    if (!failure) {
      try {
        outcome = { step, state: 'done', shownOnce: await performStep(step, installation, secrets) };
      } catch (error) {
        const isKept = step.action === 'remove' && isRefusal(error);
        if (!isKept) failure = { step, error };
        outcome = { step, state: isKept ? 'kept' : 'failed', shownOnce: null, error };
      }
    }
    outcomes.push(outcome);
    watch(outcome);
  }
  return { outcomes, failure };
}

/** Whether the answer is about this one thing: that it is in use, or gone. */
const isRefusal = (error: unknown): boolean => error instanceof ApiError && [404, 409, 422].includes(error.status);

async function performStep(step: Step, installation: Installation, secrets: Secrets): Promise<string | null> {
  switch (step.action) {
    case 'create': {
      const { declared } = step;
      const { kind, name, database, fields } = declared;
      return await installation.create({ kind, name, database, body: joined(fields, secrets.get(declared) ?? {}) });
    }
    case 'update':
      await installation.update(step.existing, changedBody(step, secrets.get(step.declared) ?? {}));
      return null;
    case 'remove':
      await installation.remove(step.existing);
      return null;
  }
}

/** What changed, whole fields, and the secrets, as the service asks for them where the place of something changes. */
function changedBody(step: Step & { action: 'update' }, secrets: Readonly<Record<string, string>>): Fields {
  const { declared, fields, rotates } = step;
  const changed = new Set(fields.map(({ field }) => rootOf(field)));
  const isWithin = (root: string): boolean => JSON.stringify(declared.fields[root] ?? null).includes(`"${withheld}"`);
  const sent = Object.entries(secrets).filter(
    ([path]) => !isWithin(rootOf(path)) || rotates || changed.has(rootOf(path)),
  );
  for (const [path] of sent) if (isWithin(rootOf(path))) changed.add(rootOf(path));
  const own = Object.entries(declared.fields).filter(([field]) => changed.has(field));
  return joined(Object.fromEntries(own), Object.fromEntries(sent));
}

const rootOf = (path: string): string => path.split('.')[0] ?? path;
