import type { DriverOptions } from './driver.ts';
import { backupActions } from './backup-actions.ts';
import { restoreActions } from './restore-actions.ts';
import { scheduleActions } from './schedule-actions.ts';

export type Outcome = 'done' | 'nothing to do' | `${number}`;

export interface Action {
  name: string;
  weight: number;
  /** What it needs, as the API's description has them. */
  routes: readonly (readonly [method: string, path: string])[];
  run(context: DriverOptions): Promise<Outcome>;
}

/** Everything that the driver may do. */
export const actions: readonly Action[] = [...backupActions, ...restoreActions, ...scheduleActions];
