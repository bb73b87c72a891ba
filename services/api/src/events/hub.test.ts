import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiToken, Change } from '@holdfast/shared/domain';
import { createLogger } from '@holdfast/shared/observability';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import express from 'express';
import { EventHub } from './hub.ts';

describe('the hub of events', () => {
  const token = { id: 'token', accountId: 1 } as ApiToken;
  const caller = { accountId: 1, token, session: null, server: null };
  let tell: (change: Change) => void = () => undefined;
  const persistence = {
    changes: {
      listen: async (heard: typeof tell) => {
        tell = heard;
        return { stop: async () => undefined };
      },
    },
    sessions: { stillValid: async () => new Set(['token']) },
  };
  const stopping = new AbortController();
  const hub = new EventHub(
    { persistence: persistence as never, logger: createLogger('api', 'silent') },
    stopping.signal,
  );
  const app = express().get('/', async (_request, response) => hub.serve(caller, response));
  const server = createServer(app);

  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    stopping.abort();
    server.closeAllConnections();
    server.close();
  });

  const listen = async () => {
    const answer = await new Promise<IncomingMessage>((resolve) => {
      get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, resolve);
    });
    let bytes = 0;
    let isOver = false;
    answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
    answer.once('close', () => (isOver = true)).on('error', () => undefined);
    return { answer, bytes: () => bytes, ended: () => isOver };
  };
  /** @param size of each, in characters */
  const flood = (count: number, size: number): void => {
    for (let id = 0; id < count; id += 1) {
      const status = 'x'.repeat(size);
      tell({ accountId: 1, kind: 'backup', id: String(id), databaseId: null, status, progress: null });
    }
  };

  it('drops a client that does not read, instead of keeping what it is told, and no other', async () => {
    const [slow, quick] = [await listen(), await listen()];
    slow.answer.pause();
    let told = 0;
    await until('the slow one to be dropped', 10, async () => {
      flood(1000, 5000);
      told += 5_000_000;
      await until('the quick one to hear all', 15, () => quick.bytes() >= told || null);
      // It learns of its end when it reads again.
      const answered = await new Promise<number>((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      });
      return answered === 1 || null;
    });
    expect(quick.ended()).to.equal(false);
    quick.answer.destroy();
  });

  it('ends the streams of an account of which too much changes at once', async () => {
    const stream = await listen();
    flood(2001, 1);
    await until('the stream to end', 15, () => stream.ended() || null);
    expect(stream.bytes()).to.be.below(100);
  });
});
