import { openPersistence } from '@holdfast/persistence';
import { limitsOf, loadSettings } from '@holdfast/shared/config';
import { oncePossible, runService, systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger, Health, serveHealth } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { startSentinel } from './sentinel.ts';

const settings = loadSettings();
const logger = createLogger('sentinel', settings.HOLDFAST_LOG_LEVEL);

const health = new Health();

try {
  await runService(
    { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS, onStopping: () => health.stops() },
    async (parts, stopping) => {
      const { HOLDFAST_HOST: host, HOLDFAST_HEALTH_PORT: port } = settings;
      if (port !== undefined) parts.add('health', await serveHealth(host, port, health));
      const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
      const persistence = await oncePossible(
        () => openPersistence({ url: settings.DATABASE_URL, box, ids: systemIds, limits: limitsOf(settings) }),
        { logger, stopping, onWaiting: (part) => health.waitsFor(part) },
      );
      parts.add('persistence', { stop: () => persistence.close() });
      parts.add('sentinel', startSentinel({ settings, logger, persistence, clock: systemClock, ids: systemIds }));
      health.runs({ database: () => persistence.ping() });
      logger.info('sentinel started');
    },
  );
} catch (error) {
  logger.fatal({ err: error }, 'the sentinel could not start');
  process.exit(1);
}
