import { startLoop, type Running } from '@holdfast/shared/lifecycle';
import type { SentinelDeps } from './deps.ts';
import { judgeAll } from './judge.ts';
import { notificationTurns } from './notifications/index.ts';
import { watch } from './watcher.ts';

type Turn = (deps: SentinelDeps, signal: AbortSignal) => Promise<void>;

/**
 * Judges what the other processes do, and tells of it. Each concern has a loop of its own. Any number of sentinels may run at
 * once.
 */
export function startSentinel(deps: SentinelDeps): Running {
  const turns: readonly [name: string, pauseSeconds: number, turn: Turn][] = [
    ['judge', deps.settings.HOLDFAST_ALERT_SECONDS, judgeAll],
    ['watcher', deps.settings.HOLDFAST_ALERT_SECONDS, watch],
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
