import { hostname } from 'node:os';
import { createEngines } from '@holdfast/engines';
import { openPersistence } from '@holdfast/persistence';
import { startConsumers } from '@holdfast/queue';
import { loadSettings } from '@holdfast/shared/config';
import { systemClock, systemIds, untilSignal, type Running } from '@holdfast/shared/lifecycle';
import { createLogger, serveHealth } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { openStore } from '@holdfast/stores';
import { handBackSeconds, startWorker } from './worker.ts';

/** Seconds for the connections to close, after the last work has ended or was handed back. */
const closeSeconds = 10;

const settings = loadSettings();
const logger = createLogger('worker', settings.HOLDFAST_LOG_LEVEL);

try {
  const persistence = await openPersistence({
    url: settings.DATABASE_URL,
    box: new SecretBox(settings.HOLDFAST_SECRET_KEYS),
    ids: systemIds,
  });
  const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL };
  const storeSettings = {
    localRoot: settings.HOLDFAST_LOCAL_ROOT ?? null,
    allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS,
    partConcurrency: settings.HOLDFAST_PART_CONCURRENCY,
  };
  const worker = await startWorker({
    settings,
    logger,
    persistence,
    startConsumers: (handlers, options) => startConsumers(connection, handlers, options),
    engines: createEngines({ postgresqlClients: settings.HOLDFAST_POSTGRESQL_CLIENTS }),
    openStore: (destination) => openStore(destination, storeSettings),
    clock: systemClock,
    ids: systemIds,
    workerName: `${hostname()}:${process.pid}:${systemIds.uuid().slice(-8)}`,
  });
  const parts: (readonly [string, Running])[] = [];
  if (settings.HOLDFAST_HEALTH_PORT !== undefined) {
    const checks = { database: () => persistence.ping() };
    parts.push(['health', await serveHealth(settings.HOLDFAST_HOST, settings.HOLDFAST_HEALTH_PORT, checks)]);
  }
  parts.push(['worker', worker], ['persistence', { stop: () => persistence.close() }]);
  logger.info('worker started');
  const graceSeconds = settings.HOLDFAST_GRACE_SECONDS + handBackSeconds + closeSeconds;
  await untilSignal(parts, { logger, graceSeconds });
  // A handler that ignores its signal must not keep a stopped worker alive.
  process.exit();
} catch (error) {
  logger.fatal({ err: error }, 'the worker could not start');
  process.exit(1);
}
