import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parser } from '@prometheus-io/lezer-promql';
import { expect } from 'chai';
import { parse } from 'yaml';
import { environment } from '../packages/shared/src/config/index.ts';
import { protectionStates, severities, verificationLevels } from '../packages/shared/src/domain/index.ts';
import { createLogger, metricCatalogue } from '../packages/shared/src/observability/index.ts';
import { sampleStatements } from '../packages/testing/src/engines/index.ts';
import { testDatabase } from '../packages/testing/src/postgres/index.ts';
import { startS3 } from '../packages/testing/src/s3/index.ts';
import { HoldfastClient } from '../packages/testing/src/services/index.ts';
import { until } from '../packages/testing/src/until.ts';
import { startStandalone } from '../services/standalone/src/index.ts';
import { root } from './lib/run.ts';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string; legendFormat?: string }[];
}

const read = (name: string): string => readFileSync(join(root, 'deploy/monitoring', name), 'utf8');
const { groups } = parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('dashboard.json')) as { panels: Panel[]; schemaVersion: number };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const shown = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));
const expressions = [
  ...rules.map(({ alert, expr }) => ({ of: alert, expr })),
  // As Grafana fills the variable in.
  ...shown.map(({ title, expr }) => ({ of: title, expr: expr.replaceAll('$account', '.*') })),
];

interface Selector {
  metric: string;
  matchers: { label: string; values: string[] }[];
}

interface Parsed {
  errors: number;
  selectors: Selector[];
  /** What is grouped, joined or summed by. */
  grouping: string[];
}

/** What Prometheus' own grammar makes of an expression. */
function parsed(expr: string): Parsed {
  const found: Parsed = { errors: 0, selectors: [], grouping: [] };
  let isGrouping = false;
  parser.parse(expr).iterate({
    enter: ({ type, name, from, to }) => {
      const text = expr.slice(from, to);
      const selector = found.selectors.at(-1);
      if (type.isError) found.errors += 1;
      else if (name === 'GroupingLabels') isGrouping = true;
      else if (name === 'VectorSelector')
        found.selectors.push({ metric: /^[\w:]*/.exec(text)?.[0] ?? '', matchers: [] });
      else if (name === 'LabelName' && isGrouping) found.grouping.push(text);
      else if (name === 'LabelName') selector?.matchers.push({ label: text, values: [] });
      else if (name === 'StringLiteral') selector?.matchers.at(-1)?.values.push(...text.slice(1, -1).split('|'));
    },
    leave: ({ name }) => {
      if (name === 'GroupingLabels') isGrouping = false;
    },
  });
  return found;
}

/** The metric that a series belongs to: a histogram has three kinds of them. */
const base = (series: string): string => {
  const stem = series.replace(/_(bucket|sum|count)$/, '');
  return metricCatalogue[stem]?.type === 'histogram' ? stem : series;
};

/** What Prometheus adds, and what makes buckets. */
const ofTheScrape = ['job', 'instance', 'le'];
const labelsOf = (series: string): readonly string[] => metricCatalogue[base(series)]?.labels ?? [];

/** Where the values of a label are known beforehand. */
const known: Readonly<Record<string, readonly string[]>> = {
  state: protectionStates,
  severity: severities,
  level: verificationLevels,
  outcome: ['done', 'retried', 'failed', 'handed_back', 'lost', 'unrecorded'],
  acknowledged: ['true', 'false'],
  known: ['true', 'false'],
};

describe('the monitoring that comes along', () => {
  it('is written in the language of Prometheus', () => {
    for (const { of, expr } of expressions) {
      const { errors, selectors } = parsed(expr);
      expect(errors, `${of}: ${expr}`).to.equal(0);
      expect(selectors, of).not.to.have.length(0);
    }
    expect(parsed('sum(rate(x[5m])').errors).to.be.greaterThan(0);
  });

  it('asks for metrics, labels and values that there are', () => {
    for (const { of, expr } of expressions) {
      const { selectors, grouping } = parsed(expr);
      const own = selectors.filter(({ metric }) => !/^(process|nodejs)_/.test(metric));
      for (const { metric, matchers } of own) {
        expect(metricCatalogue, `${of}: ${metric}`).to.have.property(base(metric));
        for (const { label, values } of matchers) {
          expect(labelsOf(metric), `${of}: ${metric}`).to.include(label);
          const wanted = values.filter((value) => value !== '.*');
          if (metric !== 'holdfast_queue_jobs')
            expect(known[label] ?? wanted, `${of}: ${label}`).to.include.members(wanted);
        }
      }
      const there = [...ofTheScrape, ...own.flatMap(({ metric }) => labelsOf(metric))];
      expect(there, of).to.include.members(grouping);
    }
  });

  it('says of every alert how bad it is, what is wrong, and where the operator finds what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).to.equal(rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      expect(severities, alert).to.include(labels.severity);
      const anchor = alert
        .replace('Holdfast', '')
        .replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`)
        .toLowerCase();
      expect(annotations.runbook_url).to.equal(`docs/operations.md#alert-${anchor}`);
      const { selectors, grouping } = parsed(expr);
      const there = grouping.length > 0 ? grouping : selectors.flatMap(({ metric }) => labelsOf(metric));
      for (const [, label] of `${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)) {
        expect(there, alert).to.include(label);
      }
    }
  });

  it('shows panels whose legends name labels that there are, in a dashboard that Grafana can read', () => {
    expect(dashboard.schemaVersion).to.be.at.least(39);
    expect(new Set(panels.map(({ title }) => title)).size).to.equal(panels.length);
    for (const { title, expr, legendFormat = '' } of shown) {
      const { selectors, grouping } = parsed(expr);
      const there = [...ofTheScrape, ...grouping, ...selectors.flatMap(({ metric }) => labelsOf(metric))];
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(there, title).to.include(label);
    }
  });

  it('costs nothing where nobody asked for it: neither Prometheus nor OpenTelemetry is loaded', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', watcher], {
      cwd: join(root, 'services/worker'),
    });
    expect(JSON.parse(stdout)).to.deep.equal([]);
  });

  it('asks for nothing that a running Holdfast does not print, with the labels that the catalogue says', async () => {
    const text = await scrapedAfterABackup();
    const series = [...text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
      name,
      labels: [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label),
    }));
    for (const { name, labels } of series.filter((one) => one.name.startsWith('holdfast_'))) {
      expect(
        labels.filter((label) => label !== 'le'),
        name,
      ).to.have.members([...labelsOf(name)]);
    }
    const printed = new Set(series.map(({ name }) => name));
    for (const { of, expr } of expressions) {
      for (const { metric } of parsed(expr).selectors) {
        // Counted only where there are hooks.
        if (!metric.startsWith('holdfast_hook_')) expect(printed, of).to.include(metric);
      }
    }
  });
});

/** Names the modules of vendors that are looked for when these are loaded. */
const watcher = `
  import { registerHooks } from 'node:module';
  const seen = [];
  registerHooks({
    resolve: (name, context, next) => {
      if (/opentelemetry|prom-client|bullmq-otel/.test(name)) seen.push(name);
      return next(name, context);
    },
  });
  const { openMetrics, startTracing } = await import('@holdfast/shared/observability');
  const { openTelemetry } = await import('@holdfast/queue');
  await openMetrics('test', null);
  await startTracing('test', null);
  await openTelemetry(false);
  process.stdout.write(JSON.stringify(seen));`;

async function scrapedAfterABackup(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-monitoring-'));
  chmodSync(folder, 0o755);
  const token = 'token-of-prometheus';
  const own = await testDatabase();
  const s3 = await startS3();
  const holdfast = await startStandalone({
    stateDir: join(folder, 'state'),
    logger: createLogger('test', 'silent'),
    environment: {
      DATABASE_URL: own.url,
      HOLDFAST_PORT: '0',
      HOLDFAST_TICK_SECONDS: '0.2',
      HOLDFAST_METRICS_TOKEN: token,
      HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
      HOLDFAST_LOG_LEVEL: 'warn',
      PATH: environment()['PATH'],
    },
  });
  try {
    const source = await testDatabase();
    await source.query(...sampleStatements(20));
    const client = new HoldfastClient(holdfast.url, holdfast.token?.reveal() ?? '');
    const { endpoint: custom_s3_endpoint, accessKey: s3_access_key, secretKey: s3_secret_key, bucket } = s3;
    const keys = { custom_s3_endpoint, s3_access_key, s3_secret_key, s3_bucket_name: bucket };
    const destination_id = await client.createDestination({
      label: 'S3',
      type: 'custom_s3',
      path_style_endpoint: true,
      ...keys,
    });
    const { host, port, user, password, name: database } = source;
    const id = await client.registerDatabase({ name: 'shop', host, port, user, password, database, destination_id });
    await client.expect(201, 'POST', `/api/databases/${id}/schedules`, {
      cron: '0 3 * * *',
      retention: { keep_last: 3 },
    });
    const backup = await client.backup(id);
    await client.waitFor(backup.id, ['done'], 20);
    const verification = `/api/databases/${id}/backups/${backup.id}/verifications`;
    await client.expect(201, 'POST', verification, { verification: { level: 'readable' } });
    const everything = ['_verified_timestamp_seconds{', '_retention_oldest_check_', '_service_seen_timestamp_seconds{'];
    return await until('the numbers of the rows', 20, async () => {
      const answer = await fetch(`${holdfast.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      const text = await answer.text();
      return everything.every((part) => text.includes(part)) && text.includes('level="readable"') && text;
    });
  } finally {
    await holdfast.stop();
    await s3.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
