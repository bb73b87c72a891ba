import { createServer, type Server } from 'node:http';
import type { Running } from '../lifecycle/parts.ts';
import { answerMetrics, type Metrics } from './metrics/endpoint.ts';

/** Named checks; each resolves when its part is usable and throws when not. */
export type HealthChecks = Record<string, () => Promise<void>>;

export interface HealthReport {
  ok: boolean;
  state: 'starting' | 'running' | 'stopping';
  /** At the start what is waited for, later every part; which failed, never why: the reason is for the log. */
  checks: Record<string, 'ok' | 'failed'>;
}

/** Whether a process is ready for work: not while it starts, waits or stops, and later only while its checks pass. */
export class Health {
  #state: HealthReport['state'] = 'starting';
  #waitingFor: string | null = null;
  #checks: HealthChecks = {};

  /** What the start waits for. */
  waitsFor(part: string): void {
    this.#waitingFor = part;
  }

  /** From here on the checks decide. */
  runs(checks: HealthChecks): void {
    this.#checks = checks;
    if (this.#state === 'starting') this.#state = 'running';
  }

  stops(): void {
    this.#state = 'stopping';
  }

  /** Runs all checks side by side, each for at most two seconds. */
  async report(): Promise<HealthReport> {
    if (this.#state !== 'running') {
      const waitingFor = this.#state === 'starting' ? this.#waitingFor : null;
      return { ok: false, state: this.#state, checks: waitingFor === null ? {} : { [waitingFor]: 'failed' } };
    }
    const entries = await Promise.all(
      Object.entries(this.#checks).map(async ([name, check]) => [name, await passes(check)] as const),
    );
    return {
      ok: this.#state === 'running' && entries.every(([, ok]) => ok),
      state: this.#state,
      checks: Object.fromEntries(entries.map(([name, ok]) => [name, ok ? 'ok' : 'failed'] as const)),
    };
  }
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

/** Answers `/healthz` (the process answers) and `/readyz` (it is ready for work). @returns null for any other path */
export async function answerHealth(
  path: string | undefined,
  health: Health,
): Promise<{ status: 200 | 503; body: unknown } | null> {
  if (path === '/healthz') return { status: 200, body: { ok: true } };
  if (path !== '/readyz') return null;
  const body = await health.report();
  return { status: body.ok ? 200 : 503, body };
}

/** The probes, and the metrics where they are wanted, of services that have no HTTP API of their own. */
export async function serveHealth(
  host: string,
  port: number,
  health: Health,
  metrics: Metrics | null = null,
): Promise<Running> {
  const server: Server = createServer((request, response) => {
    if (answerMetrics(request, response, metrics)) return;
    void answerHealth(request.url, health).then((answer) => {
      const { status, body } = answer ?? { status: 404, body: { error: 'Not found' } };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
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
