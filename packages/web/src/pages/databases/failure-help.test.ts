import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { failureHelp } from './failure-help.ts';

const row = /^\| `(\w+)`\s*\| (yes|no|once)\s*\| (.*?)\s*\| (.*?)\s*\|$/gm;
const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');

describe('what the page says of failures', () => {
  it('is what docs/errors.md says, for every code', () => {
    const text = readFileSync(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(row)].map(([, code = '', again, meaning = '', helps = '']) => [
      code,
      { again, meaning: plain(meaning), helps: plain(helps) },
    ]);
    expect(failureHelp).to.deep.equal(Object.fromEntries(documented));
  });
});
