import { expect } from 'chai';
import { conformanceCases, matrixOf, missing, type Cell, type ConformanceCase } from './matrix.ts';

const names = Object.keys(conformanceCases) as ConformanceCase[];
const whole = (engine: string): Cell[] =>
  names.map((name) => ({ engine, case: name, test: { state: 'passed' } }) satisfies Cell);
const lineOf = (cells: readonly Cell[], name: ConformanceCase): string =>
  matrixOf(cells).find((line) => line.startsWith(conformanceCases[name])) ?? '';

describe('the matrix of engines', () => {
  it('has a line for each case and a column for each engine that was put to any', () => {
    const lines = matrixOf([...whole('b'), ...whole('a')]);
    expect(lines).to.have.length(names.length + 1);
    expect(lines[0]).to.match(/a {2}b$/);
    expect(lines.join('\n')).to.not.contain(missing);
    expect(matrixOf([])).to.deep.equal([]);
  });

  it('calls a case missing that is neither proven nor explained', () => {
    const without = whole('a').filter((cell) => cell.case !== 'huge');
    expect(lineOf(without, 'huge')).to.contain(missing);
    const explained: Cell[] = [...without, { engine: 'a', case: 'huge', test: 'it has no rows' }];
    expect(lineOf(explained, 'huge')).to.contain('–');
    expect(matrixOf(explained).at(-1)).to.contain('it has no rows');
  });

  it('calls a case failed when any of its tests failed, and skipped when any was not run', () => {
    expect(lineOf([...whole('a'), { engine: 'a', case: 'exit', test: { state: 'failed' } }], 'exit')).to.contain(
      'FAILED',
    );
    expect(lineOf([...whole('a'), { engine: 'a', case: 'exit', test: { state: 'pending' } }], 'exit')).to.contain(
      'skipped',
    );
  });
});
