import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertKinds, severityOf } from './alert.ts';
import { protectionReasons } from './protection-reasons.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8');

describe('alerts', () => {
  it('are all in docs/api.md, with their severity, and nothing else is', () => {
    const [, section = ''] = page('api.md').split('\n## Alerts\n');
    const table = section.split('\n## ')[0] ?? '';
    const rows = [...table.matchAll(/^\| `(\w+)` +\| (critical|warning|info) +\|/gm)].map(([, kind, severity]) => [
      kind,
      severity,
    ]);
    expect(rows).to.deep.equal(alertKinds.map((kind) => [kind, severityOf(kind)]));
  });
});

describe('the reasons for which a database is not protected', () => {
  it('are all in docs/protection.md, with the state that they lead to, and nothing else is', () => {
    const rows = [...page('protection.md').matchAll(/^\| `(\w+)` +\| `(\w+)` +\|/gm)].map(([, code, state]) => [
      code,
      state,
    ]);
    expect(new Map(rows as [string, string][])).to.deep.equal(
      new Map(Object.entries(protectionReasons).map(([code, { state }]) => [code, state])),
    );
  });
});
