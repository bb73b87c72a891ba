import { request, type IncomingMessage } from 'node:http';
import { Secret, type Backup } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../harness.test.ts';

interface Heard {
  status: number;
  text(): string;
  changes(): Record<string, unknown>[];
  /** Whether the server has ended it. */
  ended(): boolean;
  pause(): void;
  close(): void;
}

describe('events', () => {
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  const open: Heard[] = [];

  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
  });
  afterEach(() => open.splice(0).forEach((one) => one.close()));
  after(() => api.stop());

  const listen = async (headers: Record<string, string>, url = api.url): Promise<Heard> => {
    const call = request(`${url}/api/events`, { headers });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve).once('error', reject).end();
    });
    let text = '';
    let isOver = false;
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.once('close', () => (isOver = true)).on('error', () => undefined);
    call.on('error', () => undefined);
    const heard: Heard = {
      status: answer.statusCode ?? 0,
      text: () => text,
      changes: () =>
        [...text.matchAll(/^event: change\ndata: (.+)\n\n/gm)].map(
          ([, data = '']) => JSON.parse(data) as Record<string, unknown>,
        ),
      ended: () => isOver,
      pause: () => answer.pause(),
      close: () => call.destroy(),
    };
    open.push(heard);
    return heard;
  };
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const backup = async ({ database }: Tenant): Promise<Backup> => {
    const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
    return (await api.deps.persistence.backups.create({ ...wanted, maxFailures: 1 })) as Backup;
  };
  const listeners = async (): Promise<number> => {
    const rows = (await api.own.query(
      `select pid from pg_stat_activity where datname = current_database() and query = 'listen holdfast_changes'`,
    )) as { pid: number }[];
    return rows.length;
  };

  it('tell each account of its own work as it goes on, and of nothing else', async () => {
    const [first, second, other] = await Promise.all([ada, ada, eve].map(({ token }) => listen(as(token))));
    expect(first?.text()).to.equal('retry: 2000\n\n');
    expect(await listeners(), 'one connection for all').to.equal(1);
    const { backups } = api.deps.persistence;
    const { id } = await backup(ada);
    const claimed = await backups.claim(id, { worker: 'test', seconds: 60 });
    await until('the claim to be heard', 15, () => first?.changes().some(({ status }) => status === 'pending') || null);
    await backups.heartbeat(
      id,
      claimed?.attempt ?? 0,
      { worker: 'test', seconds: 60 },
      { progressBytes: 1000, estimatedBytes: 4000 },
    );
    const failed = { error: { code: 'dump_failed' as const, message: 'x' }, retryable: false, retryInSeconds: 0 };
    const told = await until('the progress to be heard', 15, () =>
      first?.changes().find(({ progress }) => (progress as { bytes: number }).bytes === 1000),
    );
    expect(told).to.deep.equal({
      kind: 'backup',
      id,
      database_id: ada.database.id,
      status: 'pending',
      progress: { bytes: 1000, total: 4000 },
    });
    await backups.fail(id, claimed?.attempt ?? 0, failed);
    await api.deps.persistence.alerts.update();
    await until('the alert to be heard', 15, () => first?.changes().some(({ kind }) => kind === 'alert') || null);
    expect(first?.changes().at(-1)).to.include({ kind: 'alert', database_id: ada.database.id, status: 'open' });
    const last = first?.changes().findLast(({ kind }) => kind === 'backup');
    expect(last?.['status']).to.equal('error');
    await until('the second to hear as much', 15, () => second?.text() === first?.text() || null);
    expect(other?.changes()).to.deep.equal([]);
    for (const one of open.splice(0)) one.close();
    await until('nobody to listen', 15, async () => (await listeners()) === 0 || null);
  });

  it('end with the session and with the token, and are refused without one', async () => {
    const secret = await api.token(ada.account, ['backups:read']);
    const signedIn = await api.request('POST', '/api/session', { body: { token: ada.token } });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const [bySession, byToken, stays] = [
      await listen({ cookie }),
      await listen(as(secret)),
      await listen(as(ada.token)),
    ];
    await api.request('DELETE', '/api/session', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    const token = await api.deps.persistence.accounts.authenticate(new Secret(secret));
    await api.deps.persistence.accounts.revokeToken(ada.account.id, token?.id ?? '', 'none');
    await until('both to end', 15, () => (bySession.ended() && byToken.ended()) || null);
    expect(stays.ended()).to.equal(false);
    expect((await listen({ cookie })).status).to.equal(401);
    expect((await listen(as(await api.token(ada.account, ['databases:read'])))).status).to.equal(403);
  });

  it('break off when nothing can be heard any more, and begin anew', async () => {
    const stream = await listen(as(ada.token));
    await api.own.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen holdfast_changes'`,
    );
    await until('the stream to end', 15, () => stream.ended() || null);
    const next = await listen(as(ada.token));
    const { id } = await backup(ada);
    await until('the next to hear', 15, () => next.changes().some((change) => change['id'] === id) || null);
  });

  it('leave nothing on the connection that heard for them', async () => {
    const warnings: Error[] = [];
    const hear = (warning: Error): void => {
      if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning);
    };
    process.on('warning', hear);
    try {
      for (let round = 0; round < 12; round += 1) {
        const listening = await api.deps.persistence.changes.listen(
          () => undefined,
          () => undefined,
        );
        await listening.stop();
      }
      await new Promise(setImmediate);
      expect(warnings).to.deep.equal([]);
    } finally {
      process.off('warning', hear);
    }
  });

  it('are so many at most for each token', async () => {
    const token = await api.token(eve.account, ['backups:read']);
    const streams = await Promise.all(Array.from({ length: 21 }, () => listen(as(token))));
    expect(streams.filter(({ status }) => status === 429)).to.have.length(1);
  });

  it('end at once when the service stops', async () => {
    const own = await openApi({ HOLDFAST_GRACE_SECONDS: '20' });
    try {
      const { token } = await own.tenant('ada');
      const stream = await listen(as(token), own.url);
      const stopped = own.stop();
      await until('the stream to end', 10, () => stream.ended() || null);
      await stopped;
    } catch (error) {
      await own.stop().catch(() => undefined);
      throw error;
    }
  });
});
