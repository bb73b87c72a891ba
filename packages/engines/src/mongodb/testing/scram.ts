import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const iterations = 4096;

/** A server's side of one authentication by SCRAM-SHA-256. */
export interface ScramConversation {
  /** @returns what is to be answered, and whether that is the end; null when the client is refused */
  next(payload: string): { payload: string; done: boolean } | null;
}

/** @param passwordOf null for a user that is not there */
export function scramConversation(passwordOf: (user: string) => string | null): ScramConversation {
  const salt = randomBytes(28);
  let clientFirst = '';
  let serverFirst = '';
  let password: string | null = null;
  const attribute = (text: string, name: string): string =>
    text
      .split(',')
      .find((part) => part.startsWith(`${name}=`))
      ?.slice(2) ?? '';
  return {
    next: (payload) => {
      if (serverFirst === '') {
        clientFirst = payload.replace(/^n,,/, '');
        password = passwordOf(attribute(clientFirst, 'n').replaceAll('=2C', ',').replaceAll('=3D', '='));
        const nonce = attribute(clientFirst, 'r') + randomBytes(18).toString('base64');
        serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
        return { payload: serverFirst, done: false };
      }
      if (password === null) return null;
      const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
      const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
      const clientKey = hmac(salted, 'Client Key');
      const storedKey = createHash('sha256').update(clientKey).digest();
      const message = `${clientFirst},${serverFirst},${payload.replace(/,p=.*$/, '')}`;
      const signature = hmac(storedKey, message);
      const proof = Buffer.from(attribute(payload, 'p'), 'base64');
      const expected = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
      if (proof.length !== expected.length || !timingSafeEqual(proof, expected)) return null;
      return { payload: `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`, done: true };
    },
  };
}
