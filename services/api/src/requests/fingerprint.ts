import { createHmac, hkdfSync } from 'node:crypto';

/** Tells requests apart by method, URL and body. Keyed, because bodies hold secrets that could be guessed from a plain digest. */
export class Fingerprints {
  readonly #key: Buffer;

  /** @param master the service's secret key; the hashing key is derived from it */
  constructor(master: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', master, '', 'holdfast request fingerprints v1', 32));
  }

  /** The same for bodies that differ only in the order of their fields. */
  of(method: string, url: string, body: unknown): string {
    const hmac = createHmac('sha256', this.#key).update(`${method} ${url}\n`);
    for (const piece of canonical(body)) hmac.update(piece);
    return hmac.digest('hex');
  }
}

type Pending = { literal: string } | { value: unknown };

/** JSON in pieces, with the fields of objects in order. Not recursive: a body may be nested more deeply than the stack. */
function* canonical(root: unknown): Generator<string> {
  const stack: Pending[] = [{ value: root }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if ('literal' in next) yield next.literal;
    else if (typeof next.value !== 'object' || next.value === null) yield JSON.stringify(next.value) ?? '';
    else {
      const { value } = next;
      const isList = Array.isArray(value);
      yield isList ? '[' : '{';
      stack.push({ literal: isList ? ']' : '}' });
      const entries = Object.entries(value);
      const ordered = isList ? entries : entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
      for (const [name, inner] of ordered.reverse()) {
        stack.push({ literal: ',' }, { value: inner }, { literal: isList ? '' : `${JSON.stringify(name)}:` });
      }
    }
  }
}
