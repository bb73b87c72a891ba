import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { claimSpare } from './claim.ts';
import { exchange, exchangeIntoEmpty, keepAsNew, type Exchange } from './exchange.ts';
import type { Built, Filler } from './fill.ts';
import { emptyMarked, isMade, textOf, whileMarked, type Mark, type Marked } from './marks.ts';
import { leftOut, numbersOf, titleOf } from './outcome.ts';
import { exists, type Plan } from './plan.ts';
import { findPlaces } from './places.ts';
import type { Session } from './session.ts';

export interface Finished {
  session: Session;
  connection: Connection;
  request: RestoreRequest;
  plan: Plan;
  filler: Filler;
}

/** Gives what was built to the user, in one step. */
export async function putInPlace(finished: Finished): Promise<RestoreReport> {
  const { plan, filler } = finished;
  const done = plan.isNew ? await putAsNew(finished) : await replace(finished);
  return {
    // No program does it, but the server itself by that command.
    tool: { name: 'RESTORE', version: plan.look.version },
    serverVersion: plan.look.shownVersion,
    database: plan.name,
    ...done,
    outcome: `${done.outcome}${leftOut(filler)}`,
  };
}

async function putAsNew({ session, connection, plan, filler }: Finished): Promise<Pick<RestoreReport, 'outcome'>> {
  const { name, number } = plan;
  const builds = [...filler.builds.values()];
  const [built] = builds;
  if (number === null || !built) {
    await keepAsNew(session, connection, builds);
    const places = filler.isOneOfAll
      ? builds.map((one) => `${one.of} as ${one.number}`).join(', ')
      : `as ${numbersOf(builds)}`;
    return {
      outcome: `${titleOf(name)} was created with the content of the backup, under the numbers of the server: ${places}.`,
    };
  }
  const made: Mark = { ...built.mark, state: 'made' };
  if (!(await exchangeIntoEmpty(session, connection, built, number, made))) throw exists(connection, name);
  return { outcome: `${titleOf(name)} was created with the content of the backup.` };
}

async function replace({
  session,
  connection,
  request,
  plan,
  filler,
}: Finished): Promise<Pick<RestoreReport, 'outcome' | 'former'>> {
  const { keepFormer = false } = request;
  const exchanges = await exchangesOf({ session, connection, plan, filler }, keepFormer);
  await exchange(session, connection, exchanges);
  const asides = exchanges.map(({ number, aside }) => ({ number, text: textOf(aside) }));
  const holds = plan.number === null ? 'hold' : 'holds';
  const whole = `${titleOf(plan.name)} ${holds} the content of the backup`;
  if (keepFormer && asides.length > 0) {
    const former = numbersOf(asides);
    return { former, outcome: `${whole}; the former content is kept in database ${former}.` };
  }
  try {
    await emptyMarked(session, asides);
    return { outcome: `${whole}; the former content was dropped.` };
  } catch {
    const left = numbersOf(asides);
    return { outcome: `${whole}; the former content could not be dropped yet and is in database ${left}.` };
  }
}

/** What changes places with what: in a restore of all databases also those of the target that the backup has no keys of. */
async function exchangesOf(
  { session, connection, plan, filler }: Pick<Finished, 'session' | 'connection' | 'plan' | 'filler'>,
  keepFormer: boolean,
): Promise<Exchange[]> {
  const { marked, places } = await findPlaces(session, connection);
  const made = new Map(marked.filter(isMade).map(({ number, text }) => [number, text]));
  const pair = (built: Built, target: number): Exchange => ({
    number: built.number,
    text: built.text,
    target,
    aside: { ...built.mark, state: keepFormer ? 'kept' : 'old', of: target },
    stays: made.get(target) ?? null,
  });
  if (plan.number !== null) return [...filler.builds.values()].map((built) => pair(built, plan.number ?? 0));
  for (const { number } of places) if (!filler.builds.has(number)) await filler.claim(number);
  const targets = new Set(filler.builds.keys());
  for (const built of filler.builds.values()) {
    if (targets.has(built.number)) await relocate(session, connection, built, filler, targets);
  }
  return [...filler.builds.values()].map((built) => pair(built, built.of));
}

/** Moves what was built out of a number that is to be restored to, which nobody knew when it was taken. */
async function relocate(
  session: Session,
  connection: Connection,
  built: Built,
  { claimed }: Filler,
  targets: ReadonlySet<number>,
): Promise<void> {
  const from = built.number;
  const other: Marked = await claimSpare(session, connection, built.mark, targets);
  claimed.push(other);
  // Their marks move with them, so that the claim of the other one is given up where it is then.
  const done = await whileMarked(
    session,
    [built, other],
    [['SWAPDB', from, other.number], ['SELECT', from], ['FLUSHDB']],
  );
  if (done === null) return;
  built.number = other.number;
  claimed.push({ ...built });
}
