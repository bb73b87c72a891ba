import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestRedis } from '@holdfast/testing/redis';

/** Empties a Redis server as an operator's mistake would: every job is gone, and nobody is told. */
export async function flushAll({ port }: TestRedis): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.write('FLUSHALL\r\n');
  const [reply] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!reply.toString().startsWith('+OK')) throw new Error(`Redis refused FLUSHALL: ${reply.toString()}`);
}
