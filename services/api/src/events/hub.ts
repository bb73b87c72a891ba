import type { Listening, Persistence } from '@holdfast/persistence';
import type { Change } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Response } from 'express';
import { Problem } from '../http/problem.ts';
import type { Caller } from '../http/route.ts';
import { EventStream } from './stream.ts';

/** Changes of one thing within that time are told once. */
const gatherMs = 200;
/** Of more than these an account is not told one by one: its clients connect again and ask for everything. */
const mostAtOnce = 2000;
/** How often it is looked whether the streams may go on. */
const lookMs = 2000;
/** A comment is sent after so many looks, so that nobody on the way takes the silence for the end. */
const looksBetweenBeats = 7;
/** Streams of one token in one process: about as many as tabs that somebody has open. */
const streamsPerToken = 20;

interface HubDeps {
  persistence: Pick<Persistence, 'changes' | 'sessions'>;
  logger: Logger;
}

/**
 * Passes on what changes to the clients of one process. There is one connection to the database however many listen, and
 * none while nobody does; it breaks off with all streams, whose clients connect again and ask for what they missed.
 */
export class EventHub {
  readonly #deps: HubDeps;
  readonly #streams = new Set<EventStream>();
  readonly #gathered = new Map<string, Change>();
  #listening: Promise<Listening> | null = null;
  #looks: NodeJS.Timeout | null = null;

  /** @param stopping ends all streams at once */
  constructor(deps: HubDeps, stopping: AbortSignal) {
    this.#deps = deps;
    stopping.addEventListener('abort', () => this.#closeAll(), { once: true });
  }

  /**
   * Answers with a stream of changes; resolves when it is over.
   * @throws Problem 429
   */
  async serve(caller: Caller, response: Response): Promise<void> {
    const stream = new EventStream(caller, response);
    const others = [...this.#streams].filter(({ tokenId }) => tokenId === stream.tokenId);
    if (others.length >= streamsPerToken) {
      const headers = { 'Retry-After': '60' };
      throw new Problem(429, `This token has ${streamsPerToken} streams of events open: end some of them.`, {
        headers,
      });
    }
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    this.#streams.add(stream);
    try {
      await this.#listen();
      stream.open();
      await closed;
    } finally {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) await this.#rest();
    }
  }

  async #listen(): Promise<void> {
    this.#listening ??= this.#deps.persistence.changes.listen(
      (change) => this.#gather(change),
      () => this.#lose(),
    );
    this.#looks ??= this.#startLooking();
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = null;
      throw error;
    }
  }

  /** Whoever comes from now on gets a connection that hears; those that are here do not know what they missed. */
  #lose(): void {
    const lost = this.#listening;
    this.#listening = null;
    void lost?.then((listening) => listening.stop());
    this.#closeAll();
  }

  /** Nobody listens any more. */
  async #rest(): Promise<void> {
    const listening = this.#listening;
    this.#listening = null;
    if (this.#looks) clearInterval(this.#looks);
    this.#looks = null;
    await (await listening?.catch(() => null))?.stop();
  }

  #gather(change: Change): void {
    if (this.#gathered.size === 0) setTimeout(() => this.#tell(), gatherMs).unref();
    this.#gathered.set(`${change.kind} ${change.id}`, change);
  }

  #tell(): void {
    const byAccount = Map.groupBy(this.#gathered.values(), ({ accountId }) => accountId);
    this.#gathered.clear();
    for (const [accountId, changes] of byAccount) {
      const streams = [...this.#streams].filter((stream) => stream.accountId === accountId);
      if (changes.length > mostAtOnce) for (const stream of streams) stream.close();
      else if (streams.length > 0) this.#send(changes.map(textOf).join(''), streams);
    }
  }

  #send(text: string, streams: Iterable<EventStream>): void {
    for (const stream of streams) if (!stream.send(text)) this.#streams.delete(stream);
  }

  #startLooking(): NodeJS.Timeout {
    let looks = 0;
    return setInterval(() => {
      looks += 1;
      if (looks % looksBetweenBeats === 0) this.#send(': still here\n\n', this.#streams);
      this.#look().catch((error: unknown) => {
        this.#deps.logger.warn({ err: error }, 'streams of events end, as nobody knows whether they may go on');
        this.#closeAll();
      });
    }, lookMs).unref();
  }

  /** Closes the streams whose session or token has ended. */
  async #look(): Promise<void> {
    const streams = [...this.#streams];
    const valid = await this.#deps.persistence.sessions.stillValid(
      streams.flatMap(({ sessionId }) => sessionId ?? []),
      streams.flatMap(({ sessionId, tokenId }) => (sessionId === null ? tokenId : [])),
    );
    for (const stream of streams) if (!valid.has(stream.sessionId ?? stream.tokenId)) stream.close();
  }

  #closeAll(): void {
    for (const stream of this.#streams) stream.close();
  }
}

const textOf = ({ kind, id, databaseId, status, progress }: Change): string =>
  `event: change\ndata: ${JSON.stringify({ kind, id, database_id: databaseId, status, progress })}\n\n`;
