import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Secret } from '../../domain/secret.ts';
import { answerMetrics, openMetrics, type Metrics } from './endpoint.ts';
import type { Sample } from './row-metrics.ts';

const token = 'a-token-of-an-operator';

interface Answer {
  status: number;
  text: string;
}

/** What somebody is answered who asks for metrics. */
async function ask(metrics: Metrics | null, authorization?: string, method = 'GET'): Promise<Answer> {
  const server = createServer((request, response) => {
    if (!answerMetrics(request, response, metrics)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    const answer = await fetch(url, { method, headers: authorization === undefined ? {} : { authorization } });
    return { status: answer.status, text: await answer.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function measured(): Promise<Metrics> {
  const metrics = await openMetrics('test', new Secret(token));
  if (!metrics) throw new Error('Nothing is measured.');
  return metrics;
}

const reads = (metrics: Metrics, read: () => Promise<readonly Sample[]>): void =>
  metrics.reads({ up: 'holdfast_database_up', read, limitMs: 50 });

describe('metrics', () => {
  it('are shown to whoever has the token, and to nobody else', async () => {
    const metrics = await measured();
    expect((await ask(metrics, `Bearer ${token}`)).text).to.contain('holdfast_build_info{service="test"');
    for (const wrong of [undefined, '', 'Bearer', 'Bearer x', `Basic ${token}`, `Bearer ${token}x`, token]) {
      const { status, text } = await ask(metrics, wrong);
      expect(status, wrong).to.equal(401);
      expect(text).not.to.contain('holdfast_build_info');
    }
    expect((await ask(metrics, `Bearer ${token}`, 'POST')).status).to.equal(405);
  });

  it('are no path where nobody asked for them', async () => {
    expect(await openMetrics('test', null)).to.equal(null);
    expect((await ask(null, `Bearer ${token}`)).status).to.equal(404);
  });

  it('are there without what is in rows while the database is away, and say so', async () => {
    const metrics = await measured();
    reads(metrics, () => Promise.reject(new Error('away')));
    const { text } = await metrics.render();
    expect(text).to.contain('holdfast_database_up 0\n').and.to.contain('process_cpu_seconds_total');
  });

  it('never wait for a database that does not answer, and ask it once only', async () => {
    const metrics = await measured();
    let asked = 0;
    reads(metrics, () => {
      asked += 1;
      return new Promise(() => undefined);
    });
    const texts = await Promise.all([metrics.render(), metrics.render()]);
    for (const { text } of texts) expect(text).to.contain('holdfast_database_up 0\n');
    expect(asked).to.equal(1);
  });

  it('read the rows once for all who ask within a few seconds', async () => {
    const metrics = await measured();
    let asked = 0;
    reads(metrics, async () => {
      asked += 1;
      return [{ metric: 'holdfast_backups', labels: { account: 'a "name"\n', status: 'done' }, value: 3 }];
    });
    await Promise.all([metrics.render(), metrics.render()]);
    const { text } = await metrics.render();
    expect(asked).to.equal(1);
    expect(text).to.contain('holdfast_backups{account="a \\"name\\"\\n",status="done"} 3\n');
  });
});
