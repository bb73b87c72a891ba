import { hostname } from 'node:os';
import { startApi, type ApiDeps, type RunningApi } from '@holdfast/api';
import { startEmbeddedPostgres } from '@holdfast/embedded';
import { createEngines } from '@holdfast/engines';
import { migrate, openPersistence } from '@holdfast/persistence';
import { openProducer, openQueuesForBoard, openTelemetry, prepareQueue, startConsumers } from '@holdfast/queue';
import { limitsOf, storeSettingsOf, tracesOf, type Settings } from '@holdfast/shared/config';
import { HoldfastError, serviceNames, type Destination, type Secret } from '@holdfast/shared/domain';
import {
  lockFolder,
  oncePossible,
  Parts,
  reportUnreadable,
  startHeartbeat,
  systemClock,
  systemIds,
  type Running,
} from '@holdfast/shared/lifecycle';
import { openMetrics, startTracing, type Logger } from '@holdfast/shared/observability';
import { LinkSigner, SecretBox } from '@holdfast/shared/security';
import { startScheduler } from '@holdfast/scheduler';
import { startSentinel } from '@holdfast/sentinel';
import { checkEndpoint, openStore } from '@holdfast/stores';
import { startWorker } from '@holdfast/worker';
import { bootstrap } from './bootstrap.ts';
import { completeSettings, hasDatabase, type Environment } from './settings.ts';
import { openState } from './state.ts';

export interface StandaloneOptions {
  /** Holds everything that is kept: the embedded database, the secret key, local backups. Made when absent. */
  stateDir: string;
  /** Settings by their names. What is missing of DATABASE_URL, secret keys and local root comes from the state folder. */
  environment: Environment;
  logger: Logger;
  /** Asks for a token although it is not the first start. */
  newToken?: boolean;
  /** Ends the waiting for a database of the operator's that is not there yet. */
  stopping?: AbortSignal;
}

export interface Standalone extends Running {
  /** The address of the API, without a slash at the end. */
  url: string;
  /** May do everything; only on the first start or on request. */
  token: Secret | null;
  /** Which stored secrets no configured key opens and what to do, in lines for people; none when all open. */
  unreadable: readonly string[];
  /** Whether backups are encrypted. */
  encrypts: boolean;
}

/** In the embedded server. */
export const databaseName = 'holdfast';

/**
 * Runs api, scheduler, sentinel and worker in this process, with an embedded PostgreSQL unless DATABASE_URL names another, and with
 * the queue in that database unless REDIS_URL is given. The first start makes an account, a local destination, and a token.
 * @throws HoldfastError configuration; whatever was started until then is stopped
 */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const parts = new Parts(options.logger);
  try {
    return { ...(await start(options, parts)), stop: async () => void (await parts.stop()) };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

async function start(
  {
    stateDir,
    environment,
    logger: parent,
    newToken = false,
    stopping = new AbortController().signal,
  }: StandaloneOptions,
  parts: Parts,
): Promise<Omit<Standalone, 'stop'>> {
  const state = openState(stateDir);
  const unlock = lockFolder(stateDir, 'Holdfast');
  parts.add('lock', { stop: async () => unlock() });

  let embeddedUrl: string | null = null;
  if (!hasDatabase(environment)) {
    // Checked before anything is started, so that a typing error in a setting costs no time.
    completeSettings(environment, state, `postgres://127.0.0.1/${databaseName}`);
    const postgres = await startEmbeddedPostgres({ dataDir: state.postgres, databases: [databaseName] });
    parts.add('postgresql', postgres);
    embeddedUrl = postgres.url(databaseName);
  }
  const settings = completeSettings(environment, state, embeddedUrl);
  const logger = parent.child({}, { level: settings.HOLDFAST_LOG_LEVEL });
  parts.add('tracing', await startTracing('standalone', tracesOf(settings), logger));
  const metrics = await openMetrics('standalone', settings.HOLDFAST_METRICS_TOKEN ?? null);
  const telemetry = await openTelemetry(tracesOf(settings) !== null);
  const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL, telemetry };
  const waiting = { logger, stopping, onWaiting: () => undefined };
  await oncePossible(() => migrate(settings.DATABASE_URL), waiting);
  await prepareQueue(connection);

  const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
  const persistence = await openPersistence({
    url: settings.DATABASE_URL,
    box,
    ids: systemIds,
    limits: limitsOf(settings),
    slotsAhead: settings.HOLDFAST_SLOTS_AHEAD,
    silentSeconds: settings.HOLDFAST_SILENT_SECONDS,
  });
  parts.add('persistence', { stop: () => persistence.close() });
  const unreadable = await reportUnreadable(persistence.secrets, logger);
  const token = await bootstrap(persistence, newToken);
  const producer = openProducer(connection, { logger });
  parts.add('producer', { stop: () => producer.close() });
  const board = await openQueuesForBoard(connection);
  parts.add('board', { stop: () => board.close() });

  const storeSettings = { ...storeSettingsOf(settings), observers: metrics?.observers };
  const common = {
    settings,
    logger,
    persistence,
    producer,
    engines: createEngines({
      clientFolders: settings.HOLDFAST_CLIENTS,
      fileRoots: settings.HOLDFAST_FILE_ROOTS,
      lockTimeoutSeconds: settings.HOLDFAST_LOCK_TIMEOUT_SECONDS,
    }),
    openStore: (destination: Destination) => openStore(destination, storeSettings),
    checkEndpoint: (endpoint: string) => checkEndpoint(endpoint, storeSettings),
    clock: systemClock,
    ids: systemIds,
    observers: metrics?.observers,
  };
  const worker = await startWorker({
    ...common,
    startConsumers: (handlers, consumerOptions) => startConsumers(connection, handlers, consumerOptions),
    workerName: `${hostname()}:${process.pid}:${systemIds.uuid().slice(-8)}`,
  });
  parts.add('worker', worker);
  parts.add('scheduler', startScheduler(common));
  const linkSigner = new LinkSigner(settings.HOLDFAST_SECRET_KEYS);
  const api = await listen(
    { ...common, boardQueues: board.queues, linkSigner, metrics },
    !environment['HOLDFAST_PORT'],
  );
  parts.add('api', api);
  parts.add('sentinel', startSentinel({ ...common, settings: reachableAt(settings, api.url) }));
  for (const service of serviceNames) {
    const { services } = persistence;
    const heartbeat = { logger, ids: systemIds, silentSeconds: settings.HOLDFAST_SILENT_SECONDS, services };
    parts.add(`heartbeat of the ${service}`, startHeartbeat(service, heartbeat));
  }
  return { url: api.url, token, unreadable, encrypts: settings.HOLDFAST_BACKUP_RECIPIENTS.length > 0 };
}

/** Messages lead to the page where it really is, unless the operator says better. */
function reachableAt(settings: Settings, url: string): Settings {
  const isEverywhere = ['0.0.0.0', '[::]'].includes(new URL(url).hostname);
  return isEverywhere ? settings : { ...settings, HOLDFAST_PUBLIC_URL: settings.HOLDFAST_PUBLIC_URL ?? url };
}

/** Takes any free port where the usual one is taken and nobody asked for it. */
async function listen(deps: ApiDeps, portIsOpen: boolean): Promise<RunningApi> {
  const { HOLDFAST_HOST: host, HOLDFAST_PORT: port } = deps.settings;
  try {
    return await startApi(deps);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (!portIsOpen) {
      throw new HoldfastError(
        'configuration',
        `Something listens on ${host}:${port} already: stop it, or set HOLDFAST_PORT to a free port.`,
      );
    }
    deps.logger.warn({ host, port }, 'the usual port is in use, another one is taken: set HOLDFAST_PORT to choose it');
    return await startApi({ ...deps, settings: { ...deps.settings, HOLDFAST_PORT: 0 } });
  }
}
