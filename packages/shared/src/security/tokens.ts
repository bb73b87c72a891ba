import { createHash, randomBytes, randomInt } from 'node:crypto';
import { Secret } from '../domain/secret.ts';

/** A new API token: 256 random bits behind a prefix that secret scanners can find. */
export function newApiToken(): Secret {
  return new Secret(`hf_${randomBytes(32).toString('base64url')}`);
}

/** What a browser that signed in shows: 256 random bits. */
export const newSessionSecret = (): Secret => new Secret(randomBytes(32).toString('base64url'));

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const randomText = (length: number): string =>
  Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join('');

/** A new token of a remote server, as its clients expect it: `<16 characters>.<64 characters>`, of which the first half is no secret. */
export function newServerToken(): { tokenId: string; secret: Secret } {
  return { tokenId: randomText(16), secret: new Secret(randomText(64)) };
}

/**
 * What is stored of a token. A plain SHA-256 is enough for 256 random bits: there is nothing to guess, and a slow hash
 * would only slow each request.
 */
export function hashToken(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex');
}
