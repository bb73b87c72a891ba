import type { Response } from 'express';
import type { Caller } from '../http/route.ts';

/** Characters that may wait for a client when more is to be told; one that reads more slowly is dropped, and asks again. */
const longestQueue = 262_144;

/** Milliseconds after which a browser whose stream ended connects again. */
const retryMs = 2000;

const patienceMs = 1000;

/** What one client hears. */
export class EventStream {
  readonly accountId: number;
  readonly tokenId: string;
  readonly sessionId: string | null;
  readonly #response: Response;

  constructor({ accountId, token, session }: Caller, response: Response) {
    this.accountId = accountId;
    this.tokenId = token?.id ?? '';
    this.sessionId = session?.id ?? null;
    this.#response = response;
  }

  /** Begins the answer. */
  open(): void {
    // Proxies would otherwise collect what comes before they pass it on.
    this.#response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    this.#response.flushHeaders();
    this.send(`retry: ${retryMs}\n\n`);
  }

  /** @returns false where the client is too slow and was dropped */
  send(text: string): boolean {
    if (this.#response.writableLength > longestQueue) {
      this.#response.destroy();
      return false;
    }
    this.#response.write(text);
    return true;
  }

  close(): void {
    this.#response.end();
    // Whoever does not read what is left does not hold us up.
    setTimeout(() => this.#response.destroy(), patienceMs).unref();
  }
}
