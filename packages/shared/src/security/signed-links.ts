import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

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
  readonly #key: Buffer;

  /** @param master the service's secret key; the signing key is derived from it */
  constructor(master: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', master, '', 'holdfast download links v1', 32));
  }

  sign(link: LinkClaims): string {
    const body = Buffer.from(JSON.stringify(link)).toString('base64url');
    return `${body}.${this.#mac(body)}`;
  }

  /** @returns null when the token was tampered with or has expired at `now` */
  verify(token: string, now: Date): LinkClaims | null {
    const [body, mac, ...rest] = token.split('.');
    if (!body || !mac || rest.length > 0) return null;
    // As text: base64 can be written in several ways, of which only ours was signed.
    const given = Buffer.from(mac);
    const expected = Buffer.from(this.#mac(body));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const parsed = claims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
    if (!parsed.success || parsed.data.expires * 1000 <= now.getTime()) return null;
    return parsed.data;
  }

  #mac(body: string): string {
    return createHmac('sha256', this.#key).update(body).digest('base64url');
  }
}
