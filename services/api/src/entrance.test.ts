import { request } from 'node:http';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { openApi } from './harness.test.ts';
import { accept, openRemoteBed } from './routes/remote/bed.test.ts';

/** The status and the headers of an answer, over a connection that may be kept. */
function ask(url: string, path: string, token?: string) {
  return new Promise<{ status: number; connection: string; text: string }>((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request(`${url}${path}`, { headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection ?? '', text }),
      );
    });
    sent.once('error', reject).end();
  });
}

describe('an API that stops', () => {
  it('lets running requests end, turns new ones away, and says to probes that it is not ready', async () => {
    const api = await openApi();
    const { token } = await api.tenant('eve');
    const gate = Promise.withResolvers<void>();
    const { databases } = api.deps.persistence;
    const list = databases.list.bind(databases);
    let entered = false;
    databases.list = async (account) => {
      entered = true;
      await gate.promise;
      return list(account);
    };
    const running = ask(api.url, '/api/databases', token);
    await until('the request to run', 15, () => entered);
    const stopped = api.stop();
    expect(await ask(api.url, '/healthz')).to.include({ status: 200 });
    const ready = await ask(api.url, '/readyz');
    expect([ready.status, JSON.parse(ready.text)]).to.deep.equal([503, { ok: false, state: 'stopping', checks: {} }]);
    expect(await ask(api.url, '/api/databases', token)).to.include({ status: 503, connection: 'close' });
    gate.resolve();
    expect(await running).to.include({ status: 200, connection: 'close' });
    await stopped;
    const refused = await ask(api.url, '/healthz').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });

  it('ends a claim that waits for work at once, with nothing', async () => {
    const bed = await openRemoteBed({ HOLDFAST_GRACE_SECONDS: '20' });
    const { backups } = bed.api.deps.persistence;
    const claimOfServer = backups.claimOfServer.bind(backups);
    let asked = 0;
    backups.claimOfServer = async (...parameters) => {
      const work = await claimOfServer(...parameters);
      asked += 1;
      return work;
    };
    const waiting = bed.ask('POST', '/api/remote/jobs/claim', { body: { wait_seconds: 25 }, headers: accept });
    await until('the claim to wait', 15, () => asked > 0);
    const from = performance.now();
    const stopped = bed.stop();
    expect((await waiting).status).to.equal(204);
    await stopped;
    expect(performance.now() - from, 'milliseconds').to.be.below(10_000);
  });
});
