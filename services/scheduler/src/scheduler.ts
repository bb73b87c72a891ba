import { startLoop, type Running } from '@holdfast/shared/lifecycle';
import type { SchedulerDeps } from './deps.ts';
import { dispatchBackups, dispatchRestores } from './dispatcher.ts';
import { reapBackups, reapRestores } from './reaper.ts';
import { remove } from './remover.ts';
import { sweep } from './sweeper.ts';
import { tick } from './ticker.ts';

/**
 * Makes periodic backups, rings for whatever is due, and takes back what a dead worker held. Each concern has a loop of its
 * own, so that one that waits for a queue or a lock does not hold up the others. Any number of schedulers may run at once.
 */
export function startScheduler(deps: SchedulerDeps): Running {
  const pauseMs = deps.settings.HOLDFAST_TICK_SECONDS * 1000;
  const turns = {
    ticker: tick,
    'backup dispatcher': dispatchBackups,
    'restore dispatcher': dispatchRestores,
    'backup reaper': reapBackups,
    'restore reaper': reapRestores,
    sweeper: sweep,
    remover: remove,
  };
  const loops = Object.entries(turns).map(([name, turn]) =>
    startLoop(name, pauseMs, (signal) => turn(deps, signal), deps.logger),
  );
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
