import { setTimeout as pause } from 'node:timers/promises';
import type { HeldKey, IdempotencyRepository, KeyState, RepeatableRequest } from '@holdfast/persistence';
import { Secret } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Request, Response } from 'express';
import { invalid, Problem } from '../http/problem.ts';
import type { Fingerprints } from './fingerprint.ts';

const header = 'Idempotency-Key';
/** How long a request may run before its process counts as gone. */
const patienceSeconds = 60;
/** How long a repeated request waits for the first one to end, and how often it looks. */
const waitSeconds = 5;
const lookEveryMs = 100;

/** A status and a body, as JSON; an empty text is no body. */
interface KeptAnswer {
  status: number;
  text: string;
}

/** Makes what is asked for, under the id that it is given where there is one. */
type Make = (resourceId: string | undefined) => Promise<KeptAnswer>;

interface Repeatable {
  request: Request;
  accountId: number;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** Makes requests that carry an `Idempotency-Key` happen once, and answers the repeated ones as the first. */
export class Idempotency {
  readonly #keys: IdempotencyRepository;
  readonly #fingerprints: Fingerprints;

  constructor(keys: IdempotencyRepository, fingerprints: Fingerprints) {
    this.#keys = keys;
    this.#fingerprints = fingerprints;
  }

  /**
   * Answers the request.
   * @param make only what it returns is kept; after a failure the key is free again
   * @throws Problem 422 when the key is not one or belongs to another request; 409 while the first request runs
   */
  async answer({ request, accountId, signal }: Repeatable, response: Response, make: Make): Promise<void> {
    const key = request.get(header);
    if (key === undefined) return send(response, await make(undefined));
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw refused('must be 1 to 255 visible ASCII characters');
    const fingerprint = this.#fingerprints.of(request.method, request.originalUrl, request.body);
    const state = await this.#begin({ accountId, key, fingerprint }, signal);
    switch (state.state) {
      case 'held':
        return send(response, await this.#makeOnce(state.held, request.log, make));
      case 'answered':
        response.set('Idempotent-Replayed', 'true');
        return send(response, { status: state.status, text: state.answer.reveal() });
      case 'taken':
        throw refused('was used with another request: send a new key with each new request');
      case 'running':
        throw new Problem(409, `A request with this ${header} still runs: repeat it in a moment.`, {
          headers: { 'Retry-After': '1' },
        });
    }
  }

  async #begin(request: RepeatableRequest, signal: AbortSignal): Promise<KeyState> {
    for (let looks = (waitSeconds * 1000) / lookEveryMs; ; looks -= 1) {
      const state = await this.#keys.begin(request, patienceSeconds);
      if (state.state !== 'running' || looks <= 0 || signal.aborted) return state;
      await pause(lookEveryMs);
    }
  }

  async #makeOnce(held: HeldKey, log: Logger, make: Make): Promise<KeptAnswer> {
    let answer: KeptAnswer;
    try {
      answer = await make(held.resourceId);
    } catch (error) {
      // A refusal says that nothing was made; after any other failure nobody knows.
      const made = error instanceof Problem && error.status < 500 ? 'nothing' : 'perhaps';
      await this.#keys.release(held, made).catch((cause: unknown) => notFreed(log, cause));
      throw error;
    }
    // What is made is made: its client hears of it, also when the answer cannot be kept for a second time.
    await this.#keys.keep(held, answer.status, new Secret(answer.text)).catch((cause: unknown) => notFreed(log, cause));
    return answer;
  }
}

const notFreed = (log: Logger, error: unknown): void =>
  log.warn({ err: error }, `an ${header} could not be ended: it is free in ${patienceSeconds} seconds`);

function send(response: Response, { status, text }: KeptAnswer): void {
  response.status(status);
  if (text === '') response.end();
  else response.type('json').send(text);
}

const refused = (problem: string): Problem => invalid({ [header]: [`The ${header} header ${problem}.`] });
