import type { Test } from 'mocha';

/** What every engine is put to; the rows of the matrix that `npm test` prints. */
export const conformanceCases = {
  probe: 'look',
  round_trip: 'round trip',
  empty: 'empty',
  odd: 'odd names and types',
  huge: 'huge row',
  credentials: 'wrong connection',
  version: 'version mismatch',
  exit: 'exit 1',
  signal: 'killed',
  flood: 'stderr flood',
  abort: 'abort',
  server: 'server stopped',
  secrets: 'no secret shown',
  in_place: 'in place',
  broken: 'broken archive',
  restore_abort: 'restore ended',
  clean_up: 'clean-up',
} as const;
export type ConformanceCase = keyof typeof conformanceCases;

export interface Cell {
  engine: string;
  case: ConformanceCase;
  /** The test, or why there is none. */
  test: Pick<Test, 'state'> | string;
}

const cells: Cell[] = [];

/** Notes that a test proves a case of an engine, or why that case does not exist for it. */
export function record(engine: string, of: ConformanceCase, test: Cell['test']): void {
  cells.push({ engine, case: of, test });
}

/** What stands where a case of an engine is neither proven nor explained. */
export const missing = 'MISSING';

const stateOf = (tests: readonly Cell['test'][]): string => {
  if (tests.length === 0) return missing;
  const states = new Set(tests.map((test) => (typeof test === 'string' ? '–' : (test.state ?? 'skipped'))));
  if (states.has('failed')) return 'FAILED';
  if (states.has('skipped') || states.has('pending')) return 'skipped';
  return states.has('passed') ? '✔' : '–';
};

/** The matrix of what ran in this process; empty where no engine was put to anything. */
export const conformanceMatrix = (): string[] => matrixOf(cells);

/** Cases by engines, line by line, with the reasons of what does not exist. An engine of which nothing ran has no column. */
export function matrixOf(all: readonly Cell[]): string[] {
  const ran = all.filter(({ test }) => typeof test !== 'string' && test.state !== undefined);
  const engines = [...new Set(ran.map(({ engine }) => engine))].sort();
  if (engines.length === 0) return [];
  const names = Object.keys(conformanceCases) as ConformanceCase[];
  const width = Math.max(...names.map((name) => conformanceCases[name].length));
  const row = (title: string, values: readonly string[]): string =>
    [title.padEnd(width), ...values.map((value, at) => value.padEnd(engines[at]?.length ?? 0))].join('  ').trimEnd();
  const cell = (engine: string, name: ConformanceCase): string =>
    stateOf(all.filter((one) => one.engine === engine && one.case === name).map(({ test }) => test));
  const notes = all.flatMap(({ engine, case: of, test }) =>
    typeof test === 'string' && engines.includes(engine) ? [`– ${engine}, ${conformanceCases[of]}: ${test}`] : [],
  );
  return [
    row('case × engine', engines),
    ...names.map((name) =>
      row(
        conformanceCases[name],
        engines.map((engine) => cell(engine, name)),
      ),
    ),
    ...notes,
  ];
}
