import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a client and a server on loopback. */
export interface Proxy {
  port: number;
  /** From now on nothing comes through on the connections of today, and nobody is told. New ones work. */
  freeze(): void;
  stop(): Promise<void>;
}

/** @param freezeAt freezes by itself, once, when a client sends this */
export async function startProxy(target: number, freezeAt?: string): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let waiting = freezeAt;
  const freeze = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    client.on('data', (chunk: Buffer) => {
      if (waiting === undefined || !chunk.includes(waiting)) return;
      waiting = undefined;
      freeze();
    });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    freeze,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        proxy.close(() => resolve());
      });
    },
  };
}
