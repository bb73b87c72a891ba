import { blame, content, restores } from './content.ts';
import type { Check, Evidence, Violation } from './evidence.ts';
import { slots } from './slots.ts';
import { watching } from './watching.ts';
import { attempts, deletions, final, objects, once, retention } from './work.ts';

const restoreLeftover = /_hf_(old_|kept_)?[0-9a-f]{12}$/;

/** Nothing that restores build beside their targets is left. */
const scratch: Check = ({ databases }) =>
  databases.filter((name) => restoreLeftover.test(name)).map((name) => `database "${name}" was left`);

/** All checks of what was collected, by their names; docs/chaos.md explains each. */
const checks: Readonly<Record<string, Check>> = {
  final,
  once,
  attempts,
  objects,
  content,
  blame,
  restores,
  slots,
  deletions,
  retention,
  scratch,
};

export function judge(evidence: Evidence): Violation[] {
  return [
    ...Object.entries(checks).flatMap(([check, run]) => run(evidence).map((what) => ({ check, what }))),
    ...Object.entries(watching).flatMap(([check, run]) => run(evidence.watched).map((what) => ({ check, what }))),
  ];
}
