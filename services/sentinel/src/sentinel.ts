import { startLoop, type Running } from '@holdfast/shared/lifecycle';
import type { SentinelDeps } from './deps.ts';
import { judgeAll } from './judge.ts';
import { notificationTurns } from './notifications/index.ts';
import { watch } from './watcher.ts';

/** The alerts read what was judged: first that, so that none tells of a state that is over. */
async function judgeAndWatch(deps: SentinelDeps): Promise<void> {
  const [judged] = await Promise.allSettled([judgeAll(deps)]);
  await watch(deps);
  if (judged.status === 'rejected') throw judged.reason;
}

type Turn = (deps: SentinelDeps, signal: AbortSignal) => Promise<void>;

/**
 * Judges what the other processes do, and tells of it. Each concern has a loop of its own. Any number of sentinels may run at
 * once.
 */
export function startSentinel(deps: SentinelDeps): Running {
  const turns: readonly [name: string, pauseSeconds: number, turn: Turn][] = [
    ['watcher', deps.settings.HOLDFAST_ALERT_SECONDS, judgeAndWatch],
    ...notificationTurns,
  ];
  const loops = turns.map(([name, pauseSeconds, turn]) =>
    startLoop(name, pauseSeconds * 1000, (signal) => turn(deps, signal), deps.logger, deps.observers),
  );
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
