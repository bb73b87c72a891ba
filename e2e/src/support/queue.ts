import { openQueuesForBoard, type QueueConnection } from '@holdfast/queue';
import { Secret } from '@holdfast/shared/domain';
import type { Holdfast } from '@holdfast/testing/services';

/** Where a Holdfast keeps its queue. */
export const queueOf = ({ database }: Holdfast, redisUrl: string | undefined): QueueConnection => ({
  redisUrl: redisUrl === undefined ? null : new Secret(redisUrl),
  databaseUrl: new Secret(database.url),
});

/** Adds a job that no producer of this version would, to the queue of backups. */
export async function addRaw(
  connection: QueueConnection,
  name: string,
  payload: unknown,
  jobId: string,
): Promise<void> {
  const board = await openQueuesForBoard(connection);
  const queue = board.queues.find((each) => each.name === 'backups');
  await queue?.add(name, payload, { jobId, removeOnComplete: true, removeOnFail: true });
  await board.close();
}

/** Where a job of the queue of backups stands. */
export async function stateOf(connection: QueueConnection, jobId: string): Promise<string | undefined> {
  const board = await openQueuesForBoard(connection);
  const state = await board.queues.find((each) => each.name === 'backups')?.getJobState(jobId);
  await board.close();
  return state;
}
