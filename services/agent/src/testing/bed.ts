import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { createLogger, type Logger } from '@holdfast/shared/observability';
import { startAgent, type Agent } from '../agent.ts';
import { RemoteApi } from '../api.ts';
import type { Pace } from '../http/persist.ts';
import type { Source, Sources } from '../sources/index.ts';
import { Spool } from '../spool.ts';
import { startDouble, type Double } from './double.ts';

const fastPace: Pace = { baseSeconds: 0.02, capSeconds: 0.1, patienceSeconds: 5, idleSeconds: 1 };

/** An agent inside this process with a double of the service, and a folder for everything. */
export interface Bed {
  double: Double;
  folder: string;
  spool: Spool;
  logger: Logger;
  log(): string;
  /** What is in the spool. */
  spooled(): string[];
  start(
    sources: Record<string, Source>,
    changes?: { token?: string; pace?: Partial<Pace>; graceSeconds?: number },
  ): Agent;
  close(): Promise<void>;
}

export async function openBed(): Promise<Bed> {
  const double = await startDouble();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-agent-'));
  const spoolFolder = join(folder, 'spool');
  const spool = await Spool.open(spoolFolder);
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = createLogger('agent', 'debug', destination);
  const agents: Agent[] = [];
  return {
    double,
    folder,
    spool,
    logger,
    log: () => lines.join(''),
    spooled: () => readdirSync(spoolFolder),
    start: (sources, { token = double.token, pace = {}, graceSeconds = 1 } = {}) => {
      const all: Sources = new Map(Object.entries(sources));
      const options = { sources: all, spool, ids: systemIds, logger, pace: { ...fastPace, ...pace }, graceSeconds };
      const api = new RemoteApi({
        url: new URL(double.url),
        token: new Secret(token),
        idleSeconds: options.pace.idleSeconds,
      });
      const agent = startAgent({ ...options, api });
      agents.push(agent);
      return agent;
    },
    close: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
      await double.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
