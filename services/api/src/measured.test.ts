import { metricCatalogue, openMetrics, type Metrics } from '@holdfast/shared/observability';
import { Secret } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openApi, type TestApi } from './harness.test.ts';
import { routes } from './routes/index.ts';

const token = 'token-of-prometheus';

describe('the metrics of the API', () => {
  let api: TestApi;
  let metrics: Metrics;
  before(async () => {
    metrics = (await openMetrics('api', new Secret(token))) ?? expect.fail('Nothing is measured.');
    api = await openApi({}, { metrics });
  });
  after(() => api.stop());

  it('never have a path that a client sent as a label', async () => {
    const tenant = await api.tenant('paths');
    const paths = [
      '/nothing/secret-1',
      `/api/databases/${tenant.database.id}`,
      '/api/databases/secret-2?token=secret-3',
    ];
    for (const path of [...paths, '/v1/secret-4', '//secret-5', '/api/databases/%ff', '/metrics/secret-6']) {
      for (const method of ['GET', 'PUT', 'PROPFIND']) await api.request(method, path, { token: tenant.token });
    }
    const { text } = await metrics.render();
    const labels = [...text.matchAll(/route="([^"]*)"/g)].map(([, route]) => route);
    expect(labels).to.include('/api/databases/:db').and.to.include('other');
    expect([...routes.map(({ path }) => path), 'other']).to.include.members(labels);
    expect(text).not.to.match(/secret-|PROPFIND/);
  });

  it('are asked for without a token of the API, and not counted among its requests', async () => {
    expect((await fetch(`${api.url}/metrics`)).status).to.equal(401);
    const answer = await fetch(`${api.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).to.equal(200);
    const text = await answer.text();
    expect(text)
      .to.contain('holdfast_database_up 1')
      .and.to.contain('holdfast_queue_up 1')
      .and.not.to.contain('"/metrics');
    const ours = [...text.matchAll(/^# TYPE (holdfast_\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
    for (const [name = '', type] of ours) expect(metricCatalogue[name]?.type, name).to.equal(type);
  });
});
