import { createServer, type Server } from 'node:http';
import type { Running } from '../lifecycle/shutdown.ts';

/** Named checks; each resolves when its part is usable and throws when not. */
export type HealthChecks = Record<string, () => Promise<void>>;

export interface HealthReport {
  ok: boolean;
  checks: Record<string, 'ok' | 'failed'>;
}

/** Runs all checks side by side, each for at most two seconds. Says which failed, never why: the reason is for the log. */
export async function runChecks(checks: HealthChecks): Promise<HealthReport> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await passes(check)] as const),
  );
  return {
    ok: entries.every(([, ok]) => ok),
    checks: Object.fromEntries(entries.map(([name, ok]) => [name, ok ? 'ok' : 'failed'] as const)),
  };
}

async function passes(check: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), 2000);
  });
  try {
    return await Promise.race([check().then(() => true), timeout]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** `/healthz` (the process answers) and `/readyz` (its checks pass) for services that have no HTTP API of their own. */
export async function serveHealth(host: string, port: number, checks: HealthChecks): Promise<Running> {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/healthz') answer(200, { ok: true });
    else if (request.url === '/readyz') {
      void runChecks(checks).then((report) => answer(report.ok ? 200 : 503, report));
    } else answer(404, { error: 'Not found' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
