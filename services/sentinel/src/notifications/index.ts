import type { SentinelDeps } from '../deps.ts';
import { deliver, fanOut, forget, repeat } from './turns.ts';

type Turn = (deps: SentinelDeps, signal: AbortSignal) => Promise<void>;

const outboxSeconds = 1;
const repeaterSeconds = 60;
const keeperSeconds = 3600;
/** So many channels are sent to at once. */
const lanes = ['first', 'second', 'third', 'fourth'];

/** What tells people: each by a loop of its own, so that a dead channel holds up no other one's. */
export const notificationTurns: readonly [name: string, pauseSeconds: number, turn: Turn][] = [
  ['outbox', outboxSeconds, fanOut],
  ['notification repeater', repeaterSeconds, repeat],
  ...lanes.map((lane): [string, number, Turn] => [`${lane} delivery`, outboxSeconds, deliver]),
  ['notification keeper', keeperSeconds, forget],
];
