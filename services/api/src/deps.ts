import type { Engines } from '@holdfast/engines';
import type { Persistence } from '@holdfast/persistence';
import type { Producer } from '@holdfast/queue';
import type { Settings } from '@holdfast/shared/config';
import type { Clock, Destination, Ids, ObjectStore } from '@holdfast/shared/domain';
import type { Logger, Metrics } from '@holdfast/shared/observability';
import type { LinkSigner } from '@holdfast/shared/security';
import type { BoardQueue } from './ui/board.ts';

/** Everything the API works with; whoever starts it constructs these and closes them after it. */
export interface ApiDeps {
  settings: Settings;
  logger: Logger;
  persistence: Persistence;
  producer: Pick<Producer, 'ring' | 'ping'>;
  /** The queues that Bull Board shows. */
  boardQueues: readonly BoardQueue[];
  engines: Engines;
  openStore: (destination: Destination) => ObjectStore;
  /** @throws HoldfastError where an endpoint leads to an address that is not allowed */
  checkEndpoint: (endpoint: string) => Promise<void>;
  linkSigner: LinkSigner;
  /** Where they are wanted. */
  metrics?: Metrics | null;
  clock: Clock;
  ids: Ids;
}
