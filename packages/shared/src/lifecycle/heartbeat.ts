import type { Ids } from '../domain/clock.ts';
import type { ServiceName } from '../domain/service.ts';
import type { Logger } from '../observability/logger.ts';
import { startLoop } from './loop.ts';
import type { Running } from './parts.ts';
import { productVersion } from './version.ts';

/** How many heartbeats may be lost before a service is taken for silent. */
const beatsPerSilence = 6;

export interface HeartbeatOptions {
  logger: Logger;
  ids: Ids;
  /** Seconds after which a service that was not heard is silent. */
  silentSeconds: number;
  services: { beat(heartbeat: { service: ServiceName; instance: string; version: string }): Promise<void> };
}

/** Says again and again that a process of the service lives, from now until it is stopped. */
export function startHeartbeat(
  service: ServiceName,
  { logger, ids, silentSeconds, services }: HeartbeatOptions,
): Running {
  const heartbeat = { service, instance: ids.uuid(), version: productVersion };
  return startLoop(
    `heartbeat of the ${service}`,
    (silentSeconds * 1000) / beatsPerSilence,
    () => services.beat(heartbeat),
    logger,
  );
}
