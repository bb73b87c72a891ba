import { openPersistence } from '@holdfast/persistence';
import { limitsOf, loadSettings, tracesOf } from '@holdfast/shared/config';
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
import { startSentinel } from './sentinel.ts';

const settings = loadSettings();
const logger = createLogger('sentinel', settings.HOLDFAST_LOG_LEVEL);

const health = new Health();
const { HOLDFAST_SILENT_SECONDS: silentSeconds } = settings;

try {
  await runService(
    { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS, onStopping: () => health.stops() },
    async (parts, stopping) => {
      const { HOLDFAST_HOST: host, HOLDFAST_HEALTH_PORT: port } = settings;
      parts.add('tracing', await startTracing('sentinel', tracesOf(settings), logger));
      const metrics = await openMetrics('sentinel', settings.HOLDFAST_METRICS_TOKEN ?? null);
      if (port !== undefined) parts.add('health', await serveHealth(host, port, health, metrics));
      const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
      const persistence = await oncePossible(
        () =>
          openPersistence({
            url: settings.DATABASE_URL,
            box,
            ids: systemIds,
            limits: limitsOf(settings),
            silentSeconds,
          }),
        { logger, stopping, onWaiting: (part) => health.waitsFor(part) },
      );
      parts.add('persistence', { stop: () => persistence.close() });
      await reportUnreadable(persistence.secrets, logger);
      parts.add(
        'sentinel',
        startSentinel({
          settings,
          logger,
          persistence,
          clock: systemClock,
          ids: systemIds,
          observers: metrics?.observers,
        }),
      );
      parts.add(
        'heartbeat',
        startHeartbeat('sentinel', { logger, ids: systemIds, silentSeconds, services: persistence.services }),
      );
      health.runs({ database: () => persistence.ping() });
      logger.info('sentinel started');
    },
  );
} catch (error) {
  logger.fatal({ err: error }, 'the sentinel could not start');
  process.exit(1);
}
