import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestRedis } from '@holdfast/testing/redis';

/** Sends one command and returns the beginning of the reply as it is. */
export async function askRedis({ port }: TestRedis, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [reply] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return reply.toString();
}

/** Empties a Redis server as an operator's mistake would: every job is gone, and nobody is told. */
export async function flushAll(redis: TestRedis): Promise<void> {
  const reply = await askRedis(redis, 'FLUSHALL');
  if (!reply.startsWith('+OK')) throw new Error(`Redis refused FLUSHALL: ${reply}`);
}
