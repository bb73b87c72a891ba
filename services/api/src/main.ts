import { createEngines } from '@holdfast/engines';
import { openPersistence } from '@holdfast/persistence';
import { openProducer, openQueuesForBoard, openTelemetry } from '@holdfast/queue';
import { limitsOf, loadSettings, storeSettingsOf, tracesOf } from '@holdfast/shared/config';
import type { Destination } from '@holdfast/shared/domain';
import {
  oncePossible,
  reportUnreadable,
  runService,
  startHeartbeat,
  systemClock,
  systemIds,
} from '@holdfast/shared/lifecycle';
import { createLogger, Health, openMetrics, startTracing } from '@holdfast/shared/observability';
import { LinkSigner, SecretBox } from '@holdfast/shared/security';
import { checkEndpoint, openStore } from '@holdfast/stores';
import { openEntrance } from './entrance.ts';
import { measureInstallation, type Measured } from './measured.ts';
import { serveApi } from './server.ts';

const settings = loadSettings();
const logger = createLogger('api', settings.HOLDFAST_LOG_LEVEL);

const health = new Health();
const { HOLDFAST_SILENT_SECONDS: silentSeconds } = settings;

try {
  await runService(
    { logger, graceSeconds: settings.HOLDFAST_GRACE_SECONDS, onStopping: () => health.stops() },
    async (parts, stopping) => {
      parts.add('tracing', await startTracing('api', tracesOf(settings), logger));
      const metrics = await openMetrics('api', settings.HOLDFAST_METRICS_TOKEN ?? null);
      const measured: Measured = { persistence: null, queues: [] };
      if (metrics) measureInstallation(metrics, settings, measured);
      const entrance = await openEntrance({ settings, logger, ids: systemIds, metrics }, health);
      parts.add('entrance', entrance);
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
      measured.persistence = persistence;
      parts.add('persistence', { stop: () => persistence.close() });
      await reportUnreadable(persistence.secrets, logger);
      const telemetry = await openTelemetry(tracesOf(settings) !== null);
      const connection = { redisUrl: settings.REDIS_URL ?? null, databaseUrl: settings.DATABASE_URL, telemetry };
      const producer = openProducer(connection, { logger });
      parts.add('producer', { stop: () => producer.close() });
      const board = await openQueuesForBoard(connection);
      measured.queues = board.queues;
      parts.add('board', { stop: () => board.close() });
      const storeSettings = { ...storeSettingsOf(settings), observers: metrics?.observers };
      const deps = {
        settings,
        logger,
        persistence,
        producer,
        boardQueues: board.queues,
        engines: createEngines({ clientFolders: settings.HOLDFAST_CLIENTS, fileRoots: settings.HOLDFAST_FILE_ROOTS }),
        openStore: (destination: Destination) => openStore(destination, storeSettings),
        checkEndpoint: (endpoint: string) => checkEndpoint(endpoint, storeSettings),
        linkSigner: new LinkSigner(settings.HOLDFAST_SECRET_KEYS),
        clock: systemClock,
        ids: systemIds,
        metrics,
      };
      parts.add('api', serveApi(deps, entrance));
      parts.add(
        'heartbeat',
        startHeartbeat('api', { logger, ids: systemIds, silentSeconds, services: persistence.services }),
      );
      health.runs({});
    },
  );
} catch (error) {
  logger.fatal({ err: error }, 'the api could not start');
  // What was opened before would keep the process alive.
  process.exit(1);
}
