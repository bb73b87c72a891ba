import { createServer, type AddressInfo } from 'node:net';

export interface DyingPostgres {
  url: string;
  stop(): Promise<void>;
}

/** A message of PostgreSQL's protocol. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const letsIn = message('R', Buffer.alloc(4));
const ready = message('Z', Buffer.from('I'));
const ended = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

/**
 * Lets everybody in and ends them in the same packet, as a server does that an administrator ends the sessions of while the
 * network or the client is slow.
 */
export async function startDyingPostgres(): Promise<DyingPostgres> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([letsIn, ready, ended])));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `postgres://nobody:nothing@127.0.0.1:${(server.address() as AddressInfo).port}/none`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
