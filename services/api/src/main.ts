import { createEngines } from '@holdfast/engines';
import { openPersistence } from '@holdfast/persistence';
import { openProducer, openQueuesForBoard } from '@holdfast/queue';
import { loadSettings } from '@holdfast/shared/config';
import { systemClock, systemIds, untilSignal } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { LinkSigner, SecretBox } from '@holdfast/shared/security';
import { checkEndpoint, openStore } from '@holdfast/stores';
import { startApi } from './server.ts';

const settings = loadSettings();
const logger = createLogger('api', settings.HOLDFAST_LOG_LEVEL);

try {
  const persistence = await openPersistence({
    url: settings.DATABASE_URL,
    box: new SecretBox(settings.HOLDFAST_SECRET_KEYS),
    ids: systemIds,
  });
  const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL };
  const producer = openProducer(connection, { logger });
  const board = await openQueuesForBoard(connection);
  const api = await startApi({
    settings,
    logger,
    persistence,
    producer,
    boardQueues: board.queues,
    engines: createEngines({ postgresqlClients: settings.HOLDFAST_POSTGRESQL_CLIENTS }),
    openStore: (destination) =>
      openStore(destination, {
        localRoot: settings.HOLDFAST_LOCAL_ROOT ?? null,
        allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS,
        partConcurrency: settings.HOLDFAST_PART_CONCURRENCY,
      }),
    checkEndpoint: (endpoint) => checkEndpoint(endpoint, { allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS }),
    linkSigner: new LinkSigner(settings.HOLDFAST_SECRET_KEYS[0].key),
    clock: systemClock,
    ids: systemIds,
  });
  await untilSignal(
    [
      ['api', api],
      ['board', { stop: () => board.close() }],
      ['producer', { stop: () => producer.close() }],
      ['persistence', { stop: () => persistence.close() }],
    ],
    { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS },
  );
} catch (error) {
  logger.fatal({ err: error }, 'the api could not start');
  // What was opened before would keep the process alive.
  process.exit(1);
}
