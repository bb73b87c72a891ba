import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { SecretKey } from './secret-box.ts';

const claims = z.strictObject({
  backupId: z.uuid(),
  /** `manifest`: of the backup itself, which is no file of its own. */
  fileId: z.union([z.uuid(), z.literal('manifest')]),
  /** Seconds since 1970. */
  expires: z.int(),
});

export type LinkClaims = z.infer<typeof claims>;

/** Makes and checks the tokens of download links: each opens one file, or the manifest, of one backup until it expires. */
export class LinkSigner {
  readonly #current: Buffer;
  readonly #keys: readonly Buffer[];

  /** @param masters the service's secret keys, of which the signing keys are derived: the first signs, all check */
  constructor(masters: readonly [SecretKey, ...SecretKey[]]) {
    const derive = ({ key }: SecretKey): Buffer =>
      Buffer.from(hkdfSync('sha256', key, '', 'holdfast download links v1', 32));
    this.#current = derive(masters[0]);
    this.#keys = masters.map(derive);
  }

  sign(link: LinkClaims): string {
    const body = Buffer.from(JSON.stringify(link)).toString('base64url');
    return `${body}.${mac(body, this.#current)}`;
  }

  /** @returns null when the token was tampered with or has expired at `now` */
  verify(token: string, now: Date): LinkClaims | null {
    const [body, signature, ...rest] = token.split('.');
    if (!body || !signature || rest.length > 0) return null;
    // As text: base64 can be written in several ways, of which only ours was signed.
    const given = Buffer.from(signature);
    const signs = (key: Buffer): boolean => {
      const expected = Buffer.from(mac(body, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    };
    if (!this.#keys.some(signs)) return null;
    const parsed = claims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    if (!parsed.success || parsed.data.expires * 1000 <= now.getTime()) return null;
    return parsed.data;
  }
}

function mac(body: string, key: Buffer): string {
  return createHmac('sha256', key).update(body).digest('base64url');
}
