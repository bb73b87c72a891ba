import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes, HoldfastError } from './errors.ts';

const words = { retryable: 'yes', final: 'no', unknown: 'once' } as const;

describe('errors', () => {
  it('are all in docs/errors.md, with what is done about them, and nothing else is', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\w+) +\| (.+?) +\| (.+?) +\|$/gm)];
    const explained = rows.map(([, code, again, meaning]) => [code, again, `${meaning}.`]);
    expect(explained).to.deep.equal(
      Object.entries(errorCodes).map(([code, { retry, text }]) => [code, words[retry], text]),
    );
  });

  it('say the same to people by their code alone', () => {
    expect(new HoldfastError('stalled').toPublic()).to.deep.equal({
      code: 'stalled',
      message: errorCodes.stalled.text,
    });
  });
});
