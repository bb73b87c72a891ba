import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@holdfast/testing/until';
import { backends, startBed, startServices, untilReady, type Backend, type Bed } from './bed/bed.ts';
import { SourceDatabase } from './bed/source.ts';
import { Api } from './driver/api.ts';
import { Driver } from './driver/driver.ts';
import {
  createChannel,
  createDestinations,
  register,
  scheduleDaily,
  type Destinations,
  type Registered,
} from './driver/places.ts';
import { newRecords, type Records } from './driver/records.ts';
import { Injector, type InjectorLimits } from './faults/injector.ts';
import { Journal } from './journal.ts';
import { gather } from './oracle/gather.ts';
import type { Evidence, Violation } from './oracle/evidence.ts';
import { judge } from './oracle/judge.ts';
import { settle } from './oracle/quiet.ts';
import { watchUntilRight } from './oracle/watch.ts';
import { measure, measureBack, type Resources } from './oracle/resources.ts';
import { secretsInLogs, secretsInRedis, secretsInRows } from './oracle/secrets.ts';
import { Random } from './random.ts';
import { report } from './report.ts';

export { backends };

export interface CampaignOptions extends InjectorLimits {
  seed: string;
  backend: Backend;
  /** Where logs and journal go; removed when nothing was found, unless `keep`. */
  folder: string;
  keep: boolean;
  /** How many stored backups are restored, at most. */
  sample: number;
}

const dayAndMore = 100_000;
const minute = 60;
/** What is asked of sources, in their order: of the first what it has in the end, of the second what it hardly has. */
const objectives = [{ rpo_seconds: dayAndMore }, { rpo_seconds: minute }];

/** Sources by their size in megabytes; what does not fit into one part is uploaded in several. */
const sizes = [6, 1, 12, 3, 24];
const targets = ['target 1', 'target 2', 'target 3', 'target 4'];
const secretsEveryMs = 3000;

interface Cast {
  api: Api;
  records: Records;
  sources: SourceDatabase[];
  initial: SourceDatabase[];
  registered: Registered[];
  registeredTargets: Registered[];
  destinations: Destinations;
  /** The schedule that stays on when all is to become quiet. */
  daily: string;
}

/** One campaign: faults while the service works, then the verdict. @returns the number of violations */
export async function runCampaign(options: CampaignOptions): Promise<number> {
  const { seed, backend, folder } = options;
  const journal = new Journal(folder);
  const random = new Random(`${seed}/${backend}`);
  const tell = (text: string): void => void process.stderr.write(`[${backend}] ${text}\n`);
  const begun = performance.now();
  const bed = await startBed(backend, journal);
  try {
    await startServices(bed);
    const cast = await prepare(bed, random);
    const start = await warmUp(bed, cast);
    tell(`everything runs after ${((performance.now() - begun) / 1000).toFixed(0)} s, logs are in ${folder}`);
    const { driver, injector, inQueue } = await fight(bed, cast, random, options, tell);
    const lasted = (performance.now() - begun) / 1000;
    tell('faults are off, waiting until all is quiet');
    const { violations, outcomes } = await verdict(bed, cast, start, options, tell);
    violations.push(
      ...of('campaign', [...injector.problems, ...driver.leftOut.map((name) => `the API has no route to ${name}`)]),
      ...of('secrets', inQueue),
    );
    report({ seed, backend, lasted, driver, injector, violations, outcomes, records: cast.records, folder });
    if (violations.length === 0 && !options.keep) rmSync(folder, { recursive: true, force: true });
    return violations.length;
  } finally {
    await bed.stop();
  }
}

async function prepare(bed: Bed, random: Random): Promise<Cast> {
  const { journal } = bed;
  const api = new Api(
    bed.services.filter(({ kind }) => kind === 'api').map(({ url }) => url),
    bed.token,
    journal,
  );
  await api.learn();
  const create = async (name: string, megabytes: number): Promise<SourceDatabase> => {
    const source = new SourceDatabase(name, bed.source, random.stream(name), journal);
    await source.create(megabytes);
    return source;
  };
  const sources: SourceDatabase[] = [];
  for (const [index, megabytes] of sizes.entries()) sources.push(await create(`source ${index + 1}`, megabytes));
  const initial: SourceDatabase[] = [];
  for (const name of targets) initial.push(await create(name, 1));
  await createChannel(api, bed);
  const destinations = await createDestinations(api, bed);
  const registered: Registered[] = [];
  for (const [index, { name }] of sources.entries()) {
    const destination = index % 2 === 0 ? destinations.s3 : destinations.local;
    registered.push(await register(api, bed, name, destination, objectives[index]));
  }
  const registeredTargets: Registered[] = [];
  for (const { name } of initial) registeredTargets.push(await register(api, bed, name, destinations.local));
  const [first] = registered;
  if (!first) throw new Error('There is no source.');
  const daily = await scheduleDaily(api, first);
  return { api, records: newRecords(), sources, initial, registered, registeredTargets, destinations, daily };
}

/** Every worker and road is used once before memory and connections are measured. */
async function warmUp(bed: Bed, { api, records, registered }: Cast): Promise<Resources> {
  for (const { id: databaseId, name } of [...registered, ...registered]) {
    const { body } = await api.ask('POST', `/api/databases/${databaseId}/backups`, {});
    const { id } = (body as { database_backup: { id: string } }).database_backup;
    const fresh = { cancelAccepted: false, lock: 'free', deletion: null } as const;
    records.backups.set(id, { id, databaseId, source: name, acceptedAt: Date.now(), ...fresh });
  }
  for (const { id } of records.backups.values()) {
    await until(
      `backup ${id} to be done`,
      120,
      async () => {
        const { body } = await api.ask('GET', `/api/backups/${id}`);
        return (body as { database_backup: { status: string } }).database_backup.status === 'done';
      },
      undefined,
      200,
    );
  }
  return await measure(bed);
}

async function fight(
  bed: Bed,
  { api, records, sources, registered, registeredTargets }: Cast,
  random: Random,
  limits: InjectorLimits,
  tell: (text: string) => void,
): Promise<{ driver: Driver; injector: Injector; inQueue: string[] }> {
  for (const [index, source] of sources.entries()) {
    // The larger ones more seldom: each change reads the whole for its fingerprint.
    const leastMs = 300 + 100 * (sizes[index] ?? 1);
    source.start(leastMs, 2 * leastMs);
  }
  const { journal } = bed;
  const driver = new Driver({
    api,
    records,
    journal,
    random: random.stream('driver'),
    sources: registered,
    targets: registeredTargets,
  });
  const injector = new Injector(bed, random.stream('faults'));
  const over = new AbortController();
  const watching = watchQueue(bed, over.signal);
  const driving = driver.run();
  await injector.run(limits, tell);
  driver.stop();
  await untilReady(bed.services, 120);
  await driving;
  over.abort();
  return { driver, injector, inQueue: await watching };
}

async function watchQueue(bed: Bed, over: AbortSignal): Promise<string[]> {
  const found = new Set<string>();
  while (!over.aborted) {
    for (const one of await secretsInRedis(bed)) found.add(one);
    await delay(secretsEveryMs, undefined, { signal: over }).catch(() => undefined);
  }
  return [...found];
}

const of = (check: string, problems: readonly string[]): Violation[] => problems.map((what) => ({ check, what }));

async function verdict(
  bed: Bed,
  cast: Cast,
  start: Resources,
  { sample, seed }: CampaignOptions,
  tell: (text: string) => void,
): Promise<{ violations: Violation[]; outcomes: string[] }> {
  const restless = await settle(bed, cast);
  const [end, beyond] = await measureBack(bed, start, 30);
  const watched = await watchUntilRight(bed, cast);
  for (const source of cast.sources) await source.stop();
  await Promise.all(bed.services.map((service) => service.terminate()));
  tell('all is quiet, reading what is stored');
  const evidence = { ...(await gather(bed, cast, sample, new Random(`${seed}/sample`))), watched };
  const violations = [
    ...of('quiet', restless),
    ...of('campaign', unchanged(cast.sources)),
    ...judge(evidence),
    ...of('resources', beyond),
    ...of('secrets', [...secretsInLogs(bed), ...(await secretsInRows(bed))]),
    ...of('crashes', crashes(bed)),
  ];
  return { violations, outcomes: outcomesOf(evidence, start, end, cast.api.failures.length) };
}

/** Sources whose content stood still, so that none of their backups shows that it is of one moment. */
const unchanged = (sources: readonly SourceDatabase[]): string[] =>
  sources
    .filter(({ contents }) => contents.size < 3)
    .map(({ name }) => `${name} was not changed while it was backed up`);

function crashes({ services }: Bed): string[] {
  return services.flatMap(({ crashes: own, untidy }) => [
    ...own.map(({ service, code, signal, at, tail }) => {
      const when = new Date(at).toISOString();
      return `${service} ended by itself with ${code ?? signal} at ${when}: ${tail.trim().slice(-600)}`;
    }),
    ...untidy,
  ]);
}

function outcomesOf(evidence: Evidence, start: Resources, end: Resources, failures: number): string[] {
  const count = (rows: readonly { status: string; error?: { code: string } | null }[]): string => {
    const groups = Map.groupBy(rows, ({ status, error }) => (error ? `${status} ${error.code}` : status));
    return [...groups]
      .map(([name, of]) => `${name} ${of.length}`)
      .sort()
      .join(', ');
  };
  const memory = Object.entries(end.memory).map(
    ([name, bytes]) => `${name} ${Math.round((start.memory[name] ?? 0) / 2 ** 20)} → ${Math.round(bytes / 2 ** 20)}`,
  );
  return [
    `backups: ${count(evidence.backups)}`,
    `restores: ${count(evidence.restores)}`,
    `slots: ${count(evidence.slots)}`,
    `attempts: ${evidence.attempts.length}, deleted backups: ${evidence.backups.filter((row) => row.deleted_at !== null).length}`,
    `read with public tools and restored: ${evidence.read.length} of ${evidence.backups.filter((row) => row.status === 'done' && row.deleted_at === null).length} that are there`,
    `memory in MiB, start → end: ${memory.join(', ')}`,
    `sessions ${start.sessions} → ${end.sessions}, connections to Redis ${start.redis} → ${end.redis}`,
    `answers of 500, which were asked again: ${failures}`,
  ];
}
