import { setTimeout as delay } from 'node:timers/promises';
import { sourceUser, type Bed } from '../bed/bed.ts';
import { childrenOf, memoryOf, processesWith, programOf } from '../bed/proc.ts';

/** What the services take while they have nothing to do. */
export interface Resources {
  /** Resident bytes of each service, by its name. */
  memory: Record<string, number>;
  /** Sessions in the service's database. */
  sessions: number;
  /** Sessions of the services on the source's server. */
  sourceSessions: number;
  /** Open connections to Redis. */
  redis: number;
  /** Client programs that run. */
  children: string[];
}

const mebibyte = 1024 * 1024;
/** Idle connections of pools come and go, by two of each service. */
const moreSessions = 18;
const moreToRedis = 7;
const moreMemory = 120 * mebibyte;

export async function measure(bed: Bed): Promise<Resources> {
  const { services, postgres, database, source, sourceProxy, proxies } = bed;
  const [sessions] = await postgres.query(
    'postgres',
    `select count(*)::int as n from pg_stat_activity where datname = '${database}'`,
  );
  const [ofSource] = await source.query(
    'postgres',
    `select count(*)::int as n from pg_stat_activity where usename = '${sourceUser}'`,
  );
  const pids = services.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const programs = new Set([...pids.flatMap((pid) => childrenOf(pid)), ...processesWith(`PGPORT=${sourceProxy.port}`)]);
  return {
    memory: Object.fromEntries(services.map(({ name, pid }) => [name, pid === null ? 0 : memoryOf(pid)])),
    sessions: Number(sessions?.['n']),
    sourceSessions: Number(ofSource?.['n']),
    redis: proxies.filter(({ name }) => name.endsWith('to redis')).reduce((sum, proxy) => sum + proxy.connections, 0),
    children: [...programs].map((pid) => `${programOf(pid)} ${pid}`),
  };
}

/** Measures until it is within bounds, for a while: pools give connections back, and memory its pages, in their time. */
export async function measureBack(bed: Bed, start: Resources, seconds: number): Promise<[Resources, string[]]> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const end = await measure(bed);
    const problems = beyond(start, end);
    if (problems.length === 0 || performance.now() > deadline) return [end, problems];
    await delay(1000);
  }
}

/** What is not back where it began. Bounds: see the constants; memory may also be twice what it was. */
export function beyond(start: Resources, end: Resources): string[] {
  const problems: string[] = [];
  for (const [name, bytes] of Object.entries(end.memory)) {
    const before = start.memory[name] ?? 0;
    if (bytes <= Math.max(2 * before, before + moreMemory)) continue;
    problems.push(`${name} takes ${inMebibytes(bytes)}, at the start ${inMebibytes(before)}`);
  }
  if (end.sessions > start.sessions + moreSessions) {
    problems.push(`${end.sessions} sessions in the service's database, ${start.sessions} at the start`);
  }
  if (end.sourceSessions > start.sourceSessions) {
    problems.push(`${end.sourceSessions} sessions on the source, ${start.sourceSessions} at the start`);
  }
  if (end.redis > start.redis + moreToRedis) {
    problems.push(`${end.redis} connections to Redis, ${start.redis} at the start`);
  }
  if (end.children.length > 0) problems.push(`client programs still run: ${end.children.join(', ')}`);
  return problems;
}

const inMebibytes = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`;
