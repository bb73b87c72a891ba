import type { Backend } from './bed/bed.ts';
import type { Driver } from './driver/driver.ts';
import type { Records } from './driver/records.ts';
import type { Injector } from './faults/injector.ts';
import type { Violation } from './oracle/evidence.ts';

export interface Result {
  seed: string;
  backend: Backend;
  /** Seconds. */
  lasted: number;
  driver: Driver;
  injector: Injector;
  violations: readonly Violation[];
  outcomes: readonly string[];
  records: Records;
  folder: string;
}

const most = 60;

/** Prints what was done and what was found. */
export function report({
  seed,
  backend,
  lasted,
  driver,
  injector,
  violations,
  outcomes,
  records,
  folder,
}: Result): void {
  const lines = [
    '',
    `seed ${seed}, queue in ${backend}: ${injector.injected.total} faults in ${lasted.toFixed(0)} s`,
    `faults: ${injector.injected.toString()}`,
    `faults that found nothing to hit: ${injector.missed.toString()}`,
    `actions: ${driver.done.toString()}`,
    `actions that were refused: ${driver.refused.toString()}`,
    ...outcomes,
    ...(records.unanswered.length > 0 ? [`requests without an answer: ${records.unanswered.length}`] : []),
    `${violations.length} violations`,
    ...violations.slice(0, most).map(({ check, what }) => `  ${check}: ${what}`),
    ...(violations.length > most ? [`  and ${violations.length - most} more`] : []),
    ...(violations.length > 0
      ? [`Journal and logs: ${folder}. Again: npm run chaos -- --seed ${seed} --backend ${backend}`]
      : []),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
