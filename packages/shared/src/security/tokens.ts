import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';

/** A new API token: 256 random bits behind a prefix that secret scanners can find. */
export function newApiToken(): Secret {
  return new Secret(`hf_${randomBytes(32).toString('base64url')}`);
}

/**
 * What is stored of a token. A plain SHA-256 is enough for 256 random bits: there is nothing to guess, and a slow hash
 * would only slow each request.
 */
export function hashToken(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex');
}
