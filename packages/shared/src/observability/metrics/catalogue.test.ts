import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { metricCatalogue } from './catalogue.ts';

describe('the catalogue of metrics', () => {
  const metrics = Object.entries(metricCatalogue);

  it('is explained in docs/metrics.md, and nothing else is', () => {
    const page = readFileSync(new URL('../../../../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(holdfast_\w+)` +\| (\w+) +\| (.*?) *\| (.*?) *\|$/gm)];
    const explained = rows.map(([, name, type, labels = '', help]) => [name, type, labels.replaceAll('`', ''), help]);
    expect(explained).to.have.deep.members(
      metrics.map(([name, { type, labels, help }]) => [name, type, labels.join(', '), help]),
    );
  });

  it('keeps to what Prometheus expects of names', () => {
    for (const [name, { type, labels, help, buckets = [] }] of metrics) {
      expect(name).to.match(/^holdfast_[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      expect(help, name).not.to.match(/\.$/);
      for (const label of labels) expect(label, name).to.match(/^[a-z]+$/);
      expect(
        [...buckets].sort((a, b) => a - b),
        name,
      ).to.deep.equal(buckets);
      expect(buckets.length > 0, name).to.equal(type === 'histogram');
    }
  });
});
