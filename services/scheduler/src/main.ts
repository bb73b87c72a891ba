import { openPersistence } from '@holdfast/persistence';
import { openProducer, openTelemetry } from '@holdfast/queue';
import { limitsOf, loadSettings, tracesOf } from '@holdfast/shared/config';
import { oncePossible, reportUnreadable, runService, startHeartbeat, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger, Health, openMetrics, serveHealth, startTracing } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { startScheduler } from './scheduler.ts';

const settings = loadSettings();
const logger = createLogger('scheduler', settings.HOLDFAST_LOG_LEVEL);

const health = new Health();
const { HOLDFAST_SILENT_SECONDS: silentSeconds } = settings;

try {
  await runService(
    { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS, onStopping: () => health.stops() },
    async (parts, stopping) => {
      const { HOLDFAST_HOST: host, HOLDFAST_HEALTH_PORT: port } = settings;
      parts.add('tracing', await startTracing('scheduler', tracesOf(settings), logger));
      const metrics = await openMetrics('scheduler', settings.HOLDFAST_METRICS_TOKEN ?? null);
      if (port !== undefined) parts.add('health', await serveHealth(host, port, health, metrics));
      const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
      const persistence = await oncePossible(
        () =>
          openPersistence({
            url: settings.DATABASE_URL,
            box,
            ids: systemIds,
            limits: limitsOf(settings),
            slotsAhead: settings.HOLDFAST_SLOTS_AHEAD,
            silentSeconds,
          }),
        { logger, stopping, onWaiting: (part) => health.waitsFor(part) },
      );
      parts.add('persistence', { stop: () => persistence.close() });
      await reportUnreadable(persistence.secrets, logger);
      const telemetry = await openTelemetry(tracesOf(settings) !== null);
      const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL, telemetry };
      const producer = openProducer(connection, { logger });
      parts.add('producer', { stop: () => producer.close() });
      parts.add(
        'scheduler',
        startScheduler({ settings, logger, persistence, producer, ids: systemIds, observers: metrics?.observers }),
      );
      parts.add(
        'heartbeat',
        startHeartbeat('scheduler', { logger, ids: systemIds, silentSeconds, services: persistence.services }),
      );
      health.runs({ database: () => persistence.ping(), queue: () => producer.ping() });
      logger.info('scheduler started');
    },
  );
} catch (error) {
  logger.fatal({ err: error }, 'the scheduler could not start');
  process.exit(1);
}
