import { inspect } from 'node:util';
import { HoldfastError } from './errors.ts';

const redacted = '[redacted]';

/** Holds a secret so that logging, printing or serialising it by accident shows `[redacted]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself: call it only where the value leaves for the program or server that needs it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}

/** Stands where a secret was whose key is lost: it is known that there was one, and it can be replaced but not used. */
export class ForgottenSecret extends Secret {
  readonly #message: string;

  /** @param message for people: what was forgotten and what to do */
  constructor(message: string) {
    super('');
    this.#message = message;
  }

  /** @throws HoldfastError secret_forgotten */
  override reveal(): never {
    throw new HoldfastError('secret_forgotten', this.#message);
  }
}

/** What to do about stored secrets that no configured key opens. */
export const keyRemedy =
  'put the former key behind the others, in HOLDFAST_SECRET_KEYS or in secret.keys of the state folder, and restart; where it is lost for good: npm run keys -- forget-secrets (docs/keys.md)';

/** Stands where a secret is that no configured key opens: it can be replaced, and is there again as soon as its key is. */
export class UnreadableSecret extends Secret {
  readonly #what: string;
  readonly #why: string;
  readonly #kept: { sealed: string; context: string };

  /**
   * @param what for people: `password of a database (…)`
   * @param why for people: `sealed with key "k1", which is not configured`
   * @param kept the sealed text, and the place that it is sealed for
   */
  constructor(what: string, why: string, kept: { sealed: string; context: string }) {
    super('');
    this.#what = what;
    this.#why = why;
    this.#kept = kept;
  }

  /** @throws HoldfastError secret_unreadable */
  override reveal(): never {
    throw this.failure();
  }

  /** @param what names it more precisely */
  failure(what = this.#what): HoldfastError {
    return new HoldfastError('secret_unreadable', `No configured key opens the ${what} (${this.#why}): ${keyRemedy}.`);
  }

  /** The sealed text, to be left as it is. @throws HoldfastError secret_unreadable, for any place but its own */
  keptFor(context: string): string {
    if (context !== this.#kept.context) throw this.failure();
    return this.#kept.sealed;
  }
}

export const isUnreadable = (secret: unknown): secret is UnreadableSecret => secret instanceof UnreadableSecret;

/** Whether its words are known to nobody here, whether for now or for good. */
export const isUnusable = (secret: Secret | null | undefined): boolean => isForgotten(secret) || isUnreadable(secret);

export const isForgotten = (secret: Secret | null | undefined): boolean => secret instanceof ForgottenSecret;
