import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from '../journal.ts';

export interface Answer {
  status: number;
  body: unknown;
}

const answerMs = 10_000;
const pauseMs = 250;

/** The HTTP API as a careful client uses it: what was not answered is asked again with the same key, of the other process. */
export class Api {
  /** Answers of 500. */
  readonly failures: string[] = [];
  readonly #urls: readonly string[];
  #asked = 0;
  readonly #token: string;
  readonly #journal: Journal;
  #paths: Record<string, Record<string, unknown>> = {};

  constructor(urls: readonly string[], token: string, journal: Journal) {
    this.#urls = urls;
    this.#token = token;
    this.#journal = journal;
  }

  /** Learns which routes there are. */
  async learn(): Promise<void> {
    const { body } = await this.ask('GET', '/openapi.json', undefined, 60);
    this.#paths = (body as { paths: Record<string, Record<string, unknown>> }).paths;
  }

  /** @param path as the description has it, such as `/api/backups/{id}` */
  has(method: string, path: string): boolean {
    return this.#paths[path]?.[method.toLowerCase()] !== undefined;
  }

  /**
   * Asks until there is an answer that is one.
   * @throws Error when there is none within `seconds`
   */
  async ask(method: string, path: string, body?: unknown, seconds = 120): Promise<Answer> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    const deadline = Date.now() + seconds * 1000;
    for (let trial = 1; ; trial += 1) {
      const answer = await this.#once(method, path, headers, body);
      if (answer && !isNotNow(answer)) {
        if (method !== 'GET') this.#journal.write('answer', { method, path, trial, ...answer });
        return answer;
      }
      if (Date.now() > deadline) throw new Error(`${method} ${path} was not answered within ${seconds} s.`);
      await delay(pauseMs);
    }
  }

  async #once(method: string, path: string, headers: Record<string, string>, body: unknown): Promise<Answer | null> {
    this.#asked += 1;
    const url = this.#urls[this.#asked % this.#urls.length];
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers,
        signal: AbortSignal.timeout(answerMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const answer = { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
      if (answer.status >= 500) this.#journal.write('answer', { method, path, ...answer });
      if (answer.status === 500) this.failures.push(`${method} ${path}: ${text.slice(0, 300)}`);
      return answer;
    } catch {
      return null;
    }
  }
}

/** The server is not able just now, or the same request still runs. */
function isNotNow({ status, body }: Answer): boolean {
  return status >= 500 || status === 429 || (status === 409 && /still runs: repeat/.test(JSON.stringify(body)));
}
