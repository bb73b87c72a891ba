import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to the bytes, in both directions, until it is healed. */
export type Disturbance =
  | { type: 'delay'; ms: number }
  | { type: 'throttle'; bytesPerSecond: number }
  /** Nothing comes through and nobody is told; what waits goes on when it is healed. */
  | { type: 'freeze' };

interface Pair {
  client: Socket;
  server: Socket;
}

/** Stands between clients and one server on loopback, and can make their connection bad. */
export class Proxy {
  readonly name: string;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  #disturbance: Disturbance | null = null;
  #healed: { promise: Promise<void>; resolve: () => void } = Promise.withResolvers<void>();

  static async start(name: string, target: number): Promise<Proxy> {
    const proxy = new Proxy(name, target);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  private constructor(name: string, target: number) {
    this.name = name;
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  disturb(disturbance: Disturbance): void {
    this.#disturbance = disturbance;
  }

  /** Ends what `disturb` began; what waited goes on. */
  heal(): void {
    this.#disturbance = null;
    this.#healed.resolve();
    this.#healed = Promise.withResolvers<void>();
  }

  /** Resets every connection of now, as a router that forgot them does. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /**
   * Closes one direction of every connection of now, and leaves the other open.
   * @returns what ends those that are still there then
   */
  halfClose(towards: 'client' | 'server'): () => void {
    const pairs = [...this.#pairs];
    for (const pair of pairs) pair[towards].end();
    return () => {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
    };
  }

  async stop(): Promise<void> {
    this.heal();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (chunk: Buffer) => this.#pass(chunk, from, to));
      from.on('end', () => to.end());
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }

  #pass(chunk: Buffer, from: Socket, to: Socket): void {
    if (this.#disturbance === null) return forward(chunk, from, to);
    from.pause();
    void this.#wait(chunk.length).then(() => {
      from.resume();
      forward(chunk, from, to);
    });
  }

  async #wait(bytes: number): Promise<void> {
    const disturbance = this.#disturbance;
    if (disturbance === null) return;
    if (disturbance.type === 'freeze') return await this.#healed.promise;
    const ms = disturbance.type === 'delay' ? disturbance.ms : (bytes / disturbance.bytesPerSecond) * 1000;
    const stop = new AbortController();
    await Promise.race([this.#healed.promise, delay(ms, undefined, { signal: stop.signal }).catch(() => undefined)]);
    stop.abort();
  }
}

function forward(chunk: Buffer, from: Socket, to: Socket): void {
  if (!to.writable || to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
