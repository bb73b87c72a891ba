import {
  hookOutcomes,
  hookPhases,
  httpHookMethods,
  shownUrl,
  type Hook,
  type HookRun,
  type Hooks,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

const hookView = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('command'),
    command: z.string(),
    arguments: z.array(z.string()),
    timeout_seconds: z.number(),
  }),
  z.strictObject({
    type: z.literal('http'),
    method: z.enum(httpHookMethods),
    url: z.string().meta({ description: 'Without its query, which may hold secrets.' }),
    headers: z.record(z.string(), z.literal('***')).meta({ description: 'Their values are not shown.' }),
    timeout_seconds: z.number(),
  }),
]);

export const hooksView = z
  .strictObject({ before: z.array(hookView), after: z.array(hookView) })
  .meta({ id: 'Hooks', description: 'What is done before and after each attempt at a backup.' });

export const presentHooks = ({ before, after }: Hooks): z.input<typeof hooksView> => ({
  before: before.map(presentHook),
  after: after.map(presentHook),
});

function presentHook(hook: Hook): z.input<typeof hookView> {
  if (hook.type === 'command') {
    const { type, command, arguments: given, timeoutSeconds } = hook;
    return { type, command, arguments: [...given], timeout_seconds: timeoutSeconds };
  }
  const { type, method, url, headers, timeoutSeconds } = hook;
  const names = Object.keys(headers).map((name) => [name, '***'] as const);
  return { type, method, url: shownUrl(url), headers: Object.fromEntries(names), timeout_seconds: timeoutSeconds };
}

export const hookRunView = z
  .strictObject({
    id: idView,
    attempt: z.int().min(1),
    phase: z.enum(hookPhases),
    position: z.int().min(0).meta({ description: 'Its place in the phase, from 0 on.' }),
    name: z.string().meta({ description: 'The command, or the method and the URL.' }),
    worker: z.string(),
    started_at: timeView,
    ended_at: timeView.nullable().meta({ description: 'Null while it runs, and where its worker was killed.' }),
    outcome: z.enum(hookOutcomes).nullable(),
    exit_code: z.int().nullable(),
    http_status: z.int().nullable(),
    problem: z.string().nullable().meta({ description: 'Why it failed.' }),
    output: z
      .string()
      .meta({ description: 'The end of what it printed or the beginning of its answer, without secrets.' }),
  })
  .meta({
    id: 'HookRun',
    examples: [
      {
        id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffc',
        attempt: 1,
        phase: 'before',
        position: 0,
        name: 'freeze',
        worker: 'worker-1:71:0c3d2e1f',
        started_at: '2026-09-02T01:02:00.154Z',
        ended_at: '2026-09-02T01:02:00.480Z',
        outcome: 'done',
        exit_code: 0,
        http_status: null,
        problem: null,
        output: 'writers paused',
      },
    ],
  });

export const presentHookRun = (run: HookRun): z.input<typeof hookRunView> => ({
  id: run.id,
  attempt: run.attempt,
  phase: run.phase,
  position: run.position,
  name: run.name,
  worker: run.worker,
  started_at: presentTime(run.startedAt),
  ended_at: presentTime(run.endedAt),
  outcome: run.outcome,
  exit_code: run.exitCode,
  http_status: run.httpStatus,
  problem: run.problem,
  output: run.output,
});
