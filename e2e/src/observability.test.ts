import { releaseAtEnd } from '@holdfast/testing/resources';
import { startS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { startCollector, type Collector } from './support/collector.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { register, useHoldfast } from './support/system.ts';

const metricsToken = 'metrics-token-that-must-not-be-seen';
const headerSecret = 'collector-key-that-must-not-be-seen';

const linesOf = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('what operators see', () => {
  let collector: Collector;
  const holdfast = useHoldfast(async () => {
    collector = await startCollector();
    return {
      schedulers: 0,
      env: {
        HOLDFAST_METRICS_TOKEN: metricsToken,
        HOLDFAST_TRACES: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${headerSecret}`,
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    };
  });

  async function scrape(url: string, token: string | null = metricsToken): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/metrics`, { headers });
    return { status: answer.status, text: await answer.text() };
  }

  it('is one trace from the request through job and attempt to the dump and the store, lines of a log with all ids, and numbers', async () => {
    const { client, api, workers, schedulers, token } = holdfast();
    const s3 = await startS3();
    releaseAtEnd(() => s3.stop());
    const source = await sourceDatabase();
    const databaseId = await register(holdfast(), source, await s3Destination(holdfast(), s3));
    const { id } = await client.backup(databaseId);
    await client.waitFor(id, ['done'], 30);
    // Only now: one that rings before the API comes to it would begin a trace of its own.
    schedulers.push(await holdfast().startScheduler());

    const attempt = await until('the span of the attempt', 20, () =>
      collector.spans.find(({ attributes }) => attributes['holdfast.backup_id'] === id),
    );
    const { traceId } = attempt;
    const wanted = ['POST /api/databases/:db/backups', 'backup attempt', 'pg_dump', 'S3.PutObject'];
    const inTrace = () => collector.spans.filter((span) => span.traceId === traceId);
    await until(
      'the whole trace',
      20,
      () => wanted.every((name) => inTrace().some((span) => span.name === name)),
      () => JSON.stringify(collector.spans.map(({ name, traceId: of }) => [name, of])),
    );
    const byId = new Map(inTrace().map((span) => [span.spanId, span]));
    for (const root of inTrace().filter(({ parentSpanId }) => !byId.has(parentSpanId ?? ''))) {
      expect(root.name).to.equal('POST /api/databases/:db/backups');
    }
    expect(new Set(inTrace().map(({ service }) => service))).to.deep.equal(
      new Set(['holdfast-api', 'holdfast-worker']),
    );

    const done = linesOf(workers[0]?.output() ?? '').find(({ msg }) => msg === 'backup done');
    expect(done).to.include({ job: 'backup.run@1', jobId: `backup-${id}-1`, backupId: id, attempt: 1, traceId });
    const request = linesOf(api.output()).find(({ requestId }) => requestId === done?.['requestId']);
    expect(request).to.include({ service: 'api', traceId });

    const measured = await scrape(workers[0]?.url ?? '');
    expect(measured.text).to.contain(
      'holdfast_attempts_total{kind="backup",engine="postgresql",outcome="done",code="none"} 1\n',
    );
    expect(measured.text).to.match(/holdfast_s3_requests_total\{operation="PutObject",code="ok"\} [1-9]/);
    await until('the dispatcher to turn', 15, async () =>
      /holdfast_loop_turns_total\{loop="backup dispatcher",outcome="done"\} [1-9]/.test(
        (await scrape(schedulers[0]?.url ?? '')).text,
      ),
    );
    const rows = await until('the rows to be read again', 20, async () => {
      const { text } = await scrape(api.url);
      return text.includes('holdfast_backups{status="done",account="tests"} 1') && text;
    });
    expect(rows).to.match(
      new RegExp(`holdfast_database_newest_good_backup_timestamp_seconds\\{.*database="${databaseId}"`),
    );
    expect(rows).to.match(
      /holdfast_http_requests_total\{route="\/api\/databases\/:db\/backups",method="POST",status="201"\} 1/,
    );
    for (const service of [api, ...workers, ...schedulers]) {
      for (const wrong of [null, 'wrong', token]) expect((await scrape(service.url, wrong)).status).to.equal(401);
    }

    expect(collector.headers.at(-1)?.['x-api-key']).to.equal(headerSecret);
    const seen = collector.bodies.join() + holdfast().output() + rows + measured.text;
    for (const secret of [metricsToken, headerSecret, token, source.password, s3.secretKey, s3.accessKey]) {
      expect(seen).not.to.contain(secret);
    }
  });
});
