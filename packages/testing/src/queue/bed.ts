import {
  openProducer,
  openQueuesForBoard,
  startConsumers,
  type Consumers,
  type Producer,
  type QueueConnection,
} from '@holdfast/queue';
import type { QueueName } from '@holdfast/shared/contracts';
import { systemIds } from '@holdfast/shared/lifecycle';
import { startConsumerChild, type ConsumerChild } from './consumer-child.ts';
import { handlersOf, type AnyHandler } from './handlers.ts';
import { recordingLogger } from './log.ts';

/** Short, so that a test sees a job change hands. */
export const lockSeconds = 1;

/** Opens producers and consumers on one queue and closes them all at the end of a test. */
export class QueueBed {
  readonly log = recordingLogger();
  readonly #connection: QueueConnection;
  readonly #closing: (() => Promise<unknown>)[] = [];

  constructor(connection: QueueConnection) {
    this.#connection = connection;
  }

  producer(): Producer {
    const producer = openProducer(this.#connection, { logger: this.log.logger });
    this.#closing.push(() => producer.close());
    return producer;
  }

  async consumers(handle: AnyHandler, concurrency = 1): Promise<Consumers> {
    const consumers = await startConsumers(this.#connection, handlersOf(handle), {
      concurrency: {
        backups: concurrency,
        restores: concurrency,
        verifications: concurrency,
        maintenance: concurrency,
      },
      logger: this.log.logger,
      lockSeconds,
    });
    this.#closing.push(() => consumers.stop());
    return consumers;
  }

  async child(): Promise<ConsumerChild> {
    const child = await startConsumerChild(this.#connection, lockSeconds);
    this.#closing.push(() => child.kill());
    return child;
  }

  /** Adds what no producer of this version would. */
  async addRaw(queue: QueueName, name: string, payload: unknown, jobId: string): Promise<void> {
    await this.#look(queue, async (board) => {
      await board.add(name, payload, { jobId, removeOnComplete: true, removeOnFail: true });
    });
  }

  /** Where a job stands; `unknown` when the queue does not hold it. */
  stateOf(queue: QueueName, jobId: string): Promise<string> {
    return this.#look(queue, (board) => board.getJobState(jobId));
  }

  /** How often workers began with a job. */
  startsOf(queue: QueueName, jobId: string): Promise<number> {
    return this.#look(queue, async (board) => (await board.getJob(jobId))?.attemptsStarted ?? 0);
  }

  async #look<T>(queue: QueueName, use: (board: BoardQueue) => Promise<T>): Promise<T> {
    const opened = await openQueuesForBoard(this.#connection);
    try {
      const board = opened.queues.find(({ name }) => name === queue);
      if (!board) throw new Error(`There is no queue ${queue}.`);
      return await use(board);
    } finally {
      await opened.close();
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}

type BoardQueue = Awaited<ReturnType<typeof openQueuesForBoard>>['queues'][number];

/** A job that nothing else in the run knows. */
export function newSweep(): { jobId: string; payload: { backupId: string; attempt: number; requestId: null } } {
  const backupId = systemIds.uuid();
  return { jobId: `sweep-${backupId}-1`, payload: { backupId, attempt: 1, requestId: null } };
}
