import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { alertKinds } from '../packages/shared/src/domain/index.ts';
import { root } from './lib/run.ts';

const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
const { groups } = parse(readFileSync(join(root, 'deploy/monitoring/alerts.yml'), 'utf8')) as {
  groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** As the usual renderers make anchors of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

const headings = [...page.matchAll(/^#{2,4} (.+)$/gm)].map(([, heading = '']) => heading);
const sections = page
  .split(/^### Alert: /m)
  .slice(1)
  .map((text) => ({ anchor: `alert-${anchorOf(text.split('\n')[0] ?? '')}`, text }));
const anchorOfKind = (kind: string): string => `alert-${kind.replaceAll('_', '-')}`;
const anchorOfRule = (url: string): string => url.split('#')[1] ?? '';

describe('the runbook', () => {
  it('has a section for every kind of alert and every rule, each once, and no other', () => {
    const told = [
      ...alertKinds.map(anchorOfKind),
      ...rules.map(({ annotations }) => anchorOfRule(annotations.runbook_url)),
    ];
    expect(sections.map(({ anchor }) => anchor).toSorted()).to.deep.equal([...new Set(told)].toSorted());
  });

  it('says in each what it means, what to look at and what to do, and whose alert it is', () => {
    for (const { anchor, text } of sections) {
      for (const part of ['- **Means** ', '- **Look** ', '- **Do** ']) expect(text, anchor).to.contain(part);
      const kinds = alertKinds.filter((kind) => anchorOfKind(kind) === anchor).map((kind) => `the kind \`${kind}\``);
      const named = rules.filter(({ annotations }) => anchorOfRule(annotations.runbook_url) === anchor);
      for (const name of [...kinds, ...named.map(({ alert }) => `the rule \`${alert}\``)]) {
        expect(text, anchor).to.contain(name);
      }
    }
  });

  it('links to headings that there are', () => {
    const anchors = headings.map(anchorOf);
    for (const [, target = ''] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors, target).to.include(target);
    for (const [, file = '', anchor = ''] of page.matchAll(/\]\(([\w-]+\.md)#([^)]+)\)/g)) {
      const other = readFileSync(join(root, 'docs', file), 'utf8');
      const there = [...other.matchAll(/^#{1,4} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
      expect(there, `${file}#${anchor}`).to.include(anchor);
    }
  });
});
