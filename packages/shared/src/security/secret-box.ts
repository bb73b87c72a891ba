import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Secret, UnreadableSecret } from '../domain/secret.ts';

/** A 256-bit key and the id that ciphertexts name it by. */
export interface SecretKey {
  id: string;
  key: Buffer;
}

/**
 * Seals secrets at rest with AES-256-GCM (NIST SP 800-38D; a random 96-bit nonce for each). A sealed text names the key
 * that sealed it, so keys can rotate, and is bound to a context such as `databases.<id>.password`, so a text moved to
 * another row or column does not open.
 */
export class SecretBox {
  readonly #current: SecretKey;
  readonly #keys: Map<string, Buffer>;
  /** Of all keys that it has; the first one's seals. */
  readonly keyIds: readonly [string, ...string[]];

  /** @param keys the first one seals, all of them open */
  constructor(keys: readonly [SecretKey, ...SecretKey[]]) {
    const [current, ...others] = keys;
    this.#current = current;
    this.keyIds = [current.id, ...others.map(({ id }) => id)];
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  seal(secret: Secret, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#current.key, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    return ['v1', this.#current.id, ...parts].join('.');
  }

  /** @throws HoldfastError secret_unreadable, when the key is not known, or the text was changed or belongs to another context */
  open(text: string, context: string): Secret {
    const opened = this.openOrKeep(text, context, `secret of ${context}`);
    if (opened instanceof UnreadableSecret) throw opened.failure();
    return opened;
  }

  /** What does not open throws where it is used. @param what for people: what it is */
  openOrKeep(text: string, context: string, what: string): Secret | UnreadableSecret {
    const opened = this.#open(text, context);
    return typeof opened === 'string' ? new UnreadableSecret(what, opened, { sealed: text, context }) : opened;
  }

  /** @returns why not, for people, when it does not open */
  #open(text: string, context: string): Secret | string {
    const [version, keyId, ...encoded] = text.split('.');
    const [nonce, sealed, tag] = encoded.map((part) => Buffer.from(part, 'base64url'));
    if (version !== 'v1' || keyId === undefined || !nonce || !sealed || !tag) {
      return 'not in a known form';
    }
    const key = this.#keys.get(keyId);
    if (!key) return `sealed with key "${keyId}", which is not configured`;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return new Secret(Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8'));
    } catch {
      return `sealed with another key "${keyId}" than the configured one, or changed since`;
    }
  }
}
