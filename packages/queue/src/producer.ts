import { jobCatalogue, type JobName, type JobPayload } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { openBackend, type Backend } from './backend.ts';
import type { QueueConnection } from './connection.ts';
import { openQueues } from './queues.ts';
import { withinLimit } from './time-limit.ts';

export interface RingOptions {
  /** Names the job: while one of this id waits or runs, ringing again changes nothing. Without `:`. */
  jobId: string;
  /** From 1, the most urgent, to 2,097,152; jobs without one come before all that have one. */
  priority?: number;
}

/** Tells workers that a row has work for them. The row is the truth: a ring that is lost costs time, never the work. */
export interface Producer {
  /**
   * @throws HoldfastError within two seconds when the queue is away (`timed_out`, `internal`) or not prepared
   * (`configuration`); at once when the payload is not the catalogue's
   */
  ring<N extends JobName>(name: N, payload: JobPayload<N>, options: RingOptions): Promise<void>;
  /** Resolves when the queue answers. @throws HoldfastError within two seconds when it does not */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Never fails because the queue is away: it connects by itself as soon as it can. */
export function openProducer(connection: QueueConnection, { logger }: { logger: Logger }): Producer {
  const backend = openBackend(connection, 'producer', logger);
  const queues = openQueues(backend, connection.telemetry);
  return {
    ring: async (name, payload, { jobId, priority }) => {
      const entry = jobCatalogue[name];
      const parsed = entry.payload.safeParse(payload);
      if (!parsed.success) {
        throw new HoldfastError('internal', `The payload of ${name} does not fit: ${parsed.error.message}`);
      }
      const add = async (): Promise<void> => {
        await backend.available();
        await queues[entry.queue].add(name, parsed.data, {
          jobId,
          attempts: 1,
          // A finished job that is kept would silently swallow the next ring of its id.
          removeOnComplete: true,
          removeOnFail: true,
          ...(priority === undefined ? {} : { priority }),
        });
      };
      await call(backend, `The queue did not take ${name} (job ${jobId})`, add);
    },
    ping: () => call(backend, 'The queue does not answer', () => backend.available().then(() => backend.ping())),
    close: async () => {
      await Promise.allSettled(Object.values(queues).map((queue) => queue.close()));
      await withinLimit(backend.close());
    },
  };
}

async function call(backend: Backend, failure: string, work: () => Promise<void>): Promise<void> {
  try {
    await withinLimit(work());
    backend.watch.works();
  } catch (error) {
    backend.watch.failed(error);
    const code = error instanceof HoldfastError ? error.code : 'internal';
    throw new HoldfastError(code, `${failure}: ${backend.watch.describe(error)}`);
  }
}
