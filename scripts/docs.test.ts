import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from './lib/run.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the documents', () => {
  it('name tests that exist for every invariant', () => {
    const rows = [...read('ARCHITECTURE.md').matchAll(/^\| [^|]+ \| `([^`|]+\.ts)` +\| (.+?) +\|$/gm)];
    expect(rows).to.have.length.greaterThan(20);
    for (const [, file = '', name = ''] of rows) expect(read(file), file).to.contain(name);
  });

  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((page) => page.endsWith('.md'))
      .map((page) => `docs/${page}`),
  ];
  for (const page of pages) {
    it(`link from ${page} to files that exist`, () => {
      const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? '');
      for (const target of targets) expect(existsSync(join(root, page, '..', target)), target).to.equal(true);
    });
  }

  it('name npm scripts that exist', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    for (const page of ['README.md', 'CONTRIBUTING.md']) {
      for (const [, name = ''] of read(page).matchAll(
        /npm (?:run )?(demo|test|start|bench|chaos|check|format|env)\b/g,
      )) {
        expect(scripts, page).to.contain(name);
      }
    }
  });
});
