import { startLoop, type Running } from '@holdfast/shared/lifecycle';
import type { SchedulerDeps } from './deps.ts';
import { dispatchBackups, dispatchRestores, dispatchRuns, dispatchVerifications } from './dispatcher.ts';
import { importRequested } from './importer.ts';
import { reapBackups, reapRestores, reapRuns, reapVerifications } from './reaper.ts';
import { reconcile } from './reconciler.ts';
import { remove } from './remover.ts';
import { retain } from './retention.ts';
import { keepSlots } from './slot-keeper.ts';
import { endHooks, sweep, sweepRestores, sweepVerifications } from './sweeper.ts';
import { tick, tickPolicies } from './ticker.ts';
import { planVerifications } from './verifier.ts';

const slotKeeperSeconds = 60;
/** A turn looks at every schedule with a policy. */
const verifierSeconds = 10;

type Turn = (deps: SchedulerDeps, signal: AbortSignal) => Promise<void>;

/**
 * Makes periodic backups, rings for whatever is due, and takes back what a dead worker held. Each concern has a loop of its
 * own, so that one that waits for a queue or a lock does not hold up the others. Any number of schedulers may run at once.
 */
export function startScheduler(deps: SchedulerDeps): Running {
  const { HOLDFAST_TICK_SECONDS: often } = deps.settings;
  const turns: readonly [name: string, pauseSeconds: number, turn: Turn][] = [
    ['ticker', often, tick],
    ['policy ticker', often, tickPolicies],
    ['backup dispatcher', often, dispatchBackups],
    ['restore dispatcher', often, dispatchRestores],
    ['verification dispatcher', often, dispatchVerifications],
    ['run dispatcher', often, dispatchRuns],
    ['backup reaper', often, reapBackups],
    ['restore reaper', often, reapRestores],
    ['verification reaper', often, reapVerifications],
    ['run reaper', often, reapRuns],
    ['sweeper', often, sweep],
    ['hook sweeper', often, endHooks],
    ['restore sweeper', often, sweepRestores],
    ['verification sweeper', often, sweepVerifications],
    ['verifier', verifierSeconds, planVerifications],
    ['remover', often, remove],
    ['reconciler', often, reconcile],
    ['importer', often, importRequested],
    ['retention', often, retain],
    ['slot keeper', slotKeeperSeconds, keepSlots],
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
