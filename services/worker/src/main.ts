import { hostname } from 'node:os';
import { createEngines } from '@holdfast/engines';
import { openPersistence } from '@holdfast/persistence';
import { openTelemetry, startConsumers, type Consumers } from '@holdfast/queue';
import { limitsOf, loadSettings, storeSettingsOf, tracesOf } from '@holdfast/shared/config';
import {
  oncePossible,
  reportUnreadable,
  runService,
  startHeartbeat,
  systemClock,
  systemIds,
} from '@holdfast/shared/lifecycle';
import { createLogger, Health, openMetrics, serveHealth, startTracing } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { openStore } from '@holdfast/stores';
import { handBackSeconds, startWorker } from './worker.ts';

/** Seconds for the connections to close, after the last work has ended or was handed back. */
const closeSeconds = 10;

const settings = loadSettings();
const logger = createLogger('worker', settings.HOLDFAST_LOG_LEVEL);

const health = new Health();
const { HOLDFAST_SILENT_SECONDS: silentSeconds } = settings;
const graceSeconds = settings.HOLDFAST_GRACE_SECONDS + handBackSeconds + closeSeconds;

try {
  await runService({ logger, graceSeconds, onStopping: () => health.stops() }, async (parts, stopping) => {
    const { HOLDFAST_HOST: host, HOLDFAST_HEALTH_PORT: port } = settings;
    parts.add('tracing', await startTracing('worker', tracesOf(settings), logger));
    const metrics = await openMetrics('worker', settings.HOLDFAST_METRICS_TOKEN ?? null);
    if (port !== undefined) parts.add('health', await serveHealth(host, port, health, metrics));
    const waiting = { logger, stopping, onWaiting: (part: string) => health.waitsFor(part) };
    const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
    const persistence = await oncePossible(
      () =>
        openPersistence({ url: settings.DATABASE_URL, box, ids: systemIds, limits: limitsOf(settings), silentSeconds }),
      waiting,
    );
    parts.add('persistence', { stop: () => persistence.close() });
    await reportUnreadable(persistence.secrets, logger);
    const telemetry = await openTelemetry(tracesOf(settings) !== null);
    const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL, telemetry };
    const storeSettings = { ...storeSettingsOf(settings), observers: metrics?.observers };
    let consumers: Consumers | undefined;
    const worker = await startWorker({
      settings,
      logger,
      persistence,
      startConsumers: async (handlers, options) =>
        (consumers = await oncePossible(() => startConsumers(connection, handlers, options), waiting)),
      engines: createEngines({
        clientFolders: settings.HOLDFAST_CLIENTS,
        fileRoots: settings.HOLDFAST_FILE_ROOTS,
        lockTimeoutSeconds: settings.HOLDFAST_LOCK_TIMEOUT_SECONDS,
      }),
      openStore: (destination) => openStore(destination, storeSettings),
      clock: systemClock,
      ids: systemIds,
      observers: metrics?.observers,
      workerName: `${hostname()}:${process.pid}:${systemIds.uuid().slice(-8)}`,
    });
    parts.add('worker', worker);
    parts.add(
      'heartbeat',
      startHeartbeat('worker', { logger, ids: systemIds, silentSeconds, services: persistence.services }),
    );
    health.runs({ database: () => persistence.ping(), queue: async () => consumers?.ping() });
    logger.info('worker started');
  });
  // A handler that ignores its signal must not keep a stopped worker alive.
  process.exit();
} catch (error) {
  logger.fatal({ err: error }, 'the worker could not start');
  process.exit(1);
}
