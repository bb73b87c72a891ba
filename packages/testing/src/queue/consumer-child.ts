import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { QueueConnection } from '@holdfast/queue';
import type { ConsumerProcessOrder } from './consumer-process.ts';

/** Consumers in a process of their own, whose handlers start and never end. */
export interface ConsumerChild {
  /** The ids of the jobs that were started, in order. */
  started: string[];
  kill(): Promise<void>;
  /** Stops the consumers. @returns the exit code of a process that nobody ended: null when it hangs */
  stop(): Promise<number | null>;
}

export async function startConsumerChild(connection: QueueConnection, lockSeconds: number): Promise<ConsumerChild> {
  const child = fork(fileURLToPath(new URL('consumer-process.ts', import.meta.url)), { stdio: 'inherit' });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const started: string[] = [];
  const order: ConsumerProcessOrder = {
    redisUrl: connection.redisUrl?.reveal() ?? null,
    databaseUrl: connection.databaseUrl.reveal(),
    lockSeconds,
  };
  child.send(order);
  await ready(child, started);
  return {
    started,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      const hangs = setTimeout(() => child.kill('SIGKILL'), 20_000);
      child.send('stop');
      const code = await exited;
      clearTimeout(hangs);
      return code;
    },
  };
}

function ready(child: ChildProcess, started: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('The consumers’ process ended before it was ready.')));
    child.on('message', (message: { ready?: true; started?: string }) => {
      if (message.ready) resolve();
      if (message.started !== undefined) started.push(message.started);
    });
  });
}
