import { openPersistence } from '@holdfast/persistence';
import { openProducer } from '@holdfast/queue';
import { loadSettings } from '@holdfast/shared/config';
import { systemIds, untilSignal, type Running } from '@holdfast/shared/lifecycle';
import { createLogger, serveHealth } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { startScheduler } from './scheduler.ts';

const settings = loadSettings();
const logger = createLogger('scheduler', settings.HOLDFAST_LOG_LEVEL);

try {
  const persistence = await openPersistence({
    url: settings.DATABASE_URL,
    box: new SecretBox(settings.HOLDFAST_SECRET_KEYS),
    ids: systemIds,
  });
  const producer = openProducer(
    { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL },
    { logger },
  );
  const parts: (readonly [string, Running])[] = [];
  if (settings.HOLDFAST_HEALTH_PORT !== undefined) {
    const checks = { database: () => persistence.ping(), queue: () => producer.ping() };
    parts.push(['health', await serveHealth(settings.HOLDFAST_HOST, settings.HOLDFAST_HEALTH_PORT, checks)]);
  }
  parts.push(
    ['scheduler', startScheduler({ settings, logger, persistence, producer, ids: systemIds })],
    ['producer', { stop: () => producer.close() }],
    ['persistence', { stop: () => persistence.close() }],
  );
  logger.info('scheduler started');
  await untilSignal(parts, { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS });
} catch (error) {
  logger.fatal({ err: error }, 'the scheduler could not start');
  process.exit(1);
}
