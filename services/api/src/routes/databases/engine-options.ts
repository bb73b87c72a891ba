import type { DatabaseOptions, EngineType } from '@holdfast/shared/domain';
import { invalid } from '../../http/problem.ts';
import { partProblems } from './part-fields.ts';

/** The kinds of database that an option belongs to; one that is not named here belongs to all. */
const kinds: Readonly<Partial<Record<keyof DatabaseOptions, readonly EngineType[]>>> = {
  globals_passwords: ['postgresql'],
  include: ['postgresql'],
  exclude: ['postgresql'],
  definers: ['mysql', 'mariadb'],
  ignore: ['files'],
  auth_source: ['mongodb'],
};

const isOption = (name: string): name is keyof typeof kinds => name in kinds;

/** What is wrong with the options of a database of that kind, each to the end of the sentence "The options field". */
export function optionProblems(type: EngineType, options: DatabaseOptions): string[] {
  const foreign = Object.entries(options).flatMap(([name, value]) => {
    const of = isOption(name) ? kinds[name] : undefined;
    return value === undefined || of === undefined || of.includes(type)
      ? []
      : [`must not hold ${name} when type is ${type}: it belongs to ${of.join(' and ')}`];
  });
  return [...foreign, ...partProblems(options)];
}

/** @throws Problem 422 */
export function refuseForeignOptions(type: EngineType, options: DatabaseOptions): void {
  const problems = optionProblems(type, options);
  if (problems.length > 0) throw invalid({ options: problems.map((problem) => `The options field ${problem}.`) });
}
