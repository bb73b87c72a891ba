import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Running } from '@holdfast/shared/lifecycle';
import { createApp } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { answerUnreadable } from './http/unreadable.ts';
import { routes } from './routes/index.ts';

export interface RunningApi extends Running {
  /** Where it listens, as a URL without a slash at the end. */
  url: string;
}

/**
 * Listens on the configured host and port. Stopping takes no new connection, lets running requests end for half of the
 * grace time, and then cuts them off.
 */
export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  const { HOLDFAST_HOST: host, HOLDFAST_PORT: port, HOLDFAST_GRACE_SECONDS: graceSeconds } = deps.settings;
  const server = createServer(createApp(deps, routes));
  answerUnreadable(server, deps);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  deps.logger.info({ url }, 'api listens');
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        // A connection that falls idle after the server closed would otherwise be kept until its client leaves.
        const sweep = setInterval(() => server.closeIdleConnections(), 50);
        const cut = setTimeout(() => server.closeAllConnections(), graceSeconds * 500);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}
