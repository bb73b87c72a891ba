import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Settings } from '@holdfast/shared/config';
import type { Ids } from '@holdfast/shared/domain';
import type { Running } from '@holdfast/shared/lifecycle';
import { answerHealth, answerMetrics, type Health, type Logger, type Metrics } from '@holdfast/shared/observability';
import { answerUnreadable } from './http/unreadable.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface EntranceDeps {
  settings: Settings;
  logger: Logger;
  ids: Ids;
  metrics?: Metrics | null;
}

/**
 * The port of the API. It is open before the API can work and until everything else has stopped, so that probes always hear
 * how the process stands; whoever else comes meanwhile is told to come again.
 */
export interface Entrance extends Running {
  /** Where it listens, as a URL without a slash at the end. */
  url: string;
  /** From here on requests go to the handler. */
  admit(handler: Handler): void;
  /** Admits no more requests and waits for those that run; cuts off what takes longer than `seconds`. */
  drain(seconds: number): Promise<void>;
}

/** Listens on the configured host and port. */
export async function openEntrance(
  { settings, logger, ids, metrics = null }: EntranceDeps,
  health: Health,
): Promise<Entrance> {
  const { HOLDFAST_HOST: host, HOLDFAST_PORT: port } = settings;
  let handler: Handler | null = null;
  const running = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    // Before everything else: what is measured is told also where the API waits for its database, or is overrun.
    if (answerMetrics(request, response, metrics)) return;
    if (!handler) {
      void turnAway(request, response, health);
      return;
    }
    running.add(response);
    response.once('close', () => running.delete(response));
    handler(request, response);
  });
  answerUnreadable(server, { logger, ids });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;

  const allEnded = async (): Promise<void> => {
    const ends = [...running].map((response) => new Promise((resolve) => response.once('close', resolve)));
    await Promise.all(ends);
  };
  return {
    url,
    admit: (next) => {
      handler = next;
    },
    drain: async (seconds) => {
      handler = null;
      for (const response of running) if (!response.headersSent) response.setHeader('Connection', 'close');
      const cut = setTimeout(() => server.closeAllConnections(), seconds * 1000);
      await allEnded();
      clearTimeout(cut);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function turnAway(request: IncomingMessage, response: ServerResponse, health: Health): Promise<void> {
  const answer = await answerHealth(request.url, health);
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  };
  const { status, body } = answer ?? {
    status: 503,
    body: { error: 'The service is starting or stopping: try again.' },
  };
  if (!answer) response.setHeader('Retry-After', '1');
  response.writeHead(status, headers).end(JSON.stringify(body));
}
