import type { Running } from '@holdfast/shared/lifecycle';
import { Health } from '@holdfast/shared/observability';
import { createApp } from './app.ts';
import { measureInstallation } from './measured.ts';
import type { ApiDeps } from './deps.ts';
import { openEntrance, type Entrance } from './entrance.ts';
import { routes } from './routes/index.ts';

export interface RunningApi extends Running {
  /** Where it listens, as a URL without a slash at the end. */
  url: string;
}

/**
 * Answers the requests that come to an entrance. Stopping admits no new request, ends what merely waits, lets running
 * requests end for half of the grace time, and then cuts them off. The entrance stays open.
 */
export function serveApi(deps: ApiDeps, entrance: Entrance): RunningApi {
  const stopping = new AbortController();
  entrance.admit(createApp(deps, routes, stopping.signal));
  deps.logger.info({ url: entrance.url }, 'api listens');
  return {
    url: entrance.url,
    stop: async () => {
      const drained = entrance.drain(deps.settings.HOLDFAST_GRACE_SECONDS / 2);
      stopping.abort();
      await drained;
    },
  };
}

/** Listens on the configured host and port for as long as the API runs. */
export async function startApi(deps: ApiDeps): Promise<RunningApi> {
  const health = new Health();
  const entrance = await openEntrance(deps, health);
  const { metrics, settings, persistence, boardQueues: queues } = deps;
  if (metrics) measureInstallation(metrics, settings, { persistence, queues });
  const api = serveApi(deps, entrance);
  return {
    url: api.url,
    stop: async () => {
      health.stops();
      await api.stop();
      await entrance.stop();
    },
  };
}
