import { createHmac, hkdfSync } from 'node:crypto';

const pieceLength = 65_536;

/** Tells requests apart by method, URL and body. Keyed, because bodies hold secrets that could be guessed from a plain digest. */
export class Fingerprints {
  readonly #key: Buffer;

  /** @param master the service's secret key; the hashing key is derived from it */
  constructor(master: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', master, '', 'holdfast request fingerprints v1', 32));
  }

  /** The same for bodies that differ only in the order of their fields. */
  of(method: string, url: string, body: unknown): string {
    const hmac = createHmac('sha256', this.#key);
    let text = `${method} ${url}\n`;
    for (const piece of canonical(body)) {
      text += piece;
      // Hashed in large pieces: a body may consist of a million small ones.
      if (text.length < pieceLength) continue;
      hmac.update(text);
      text = '';
    }
    return hmac.update(text).digest('hex');
  }
}

/** Punctuation on the stack, between values. */
class Literal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const comma = new Literal(',');
const endOfList = new Literal(']');
const endOfObject = new Literal('}');

/** JSON in pieces, with the fields of objects in order. Not recursive: a body may be nested more deeply than the stack. */
function* canonical(root: unknown): Generator<string> {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const next = stack.pop();
    if (next instanceof Literal) yield next.text;
    else if (typeof next !== 'object' || next === null) yield JSON.stringify(next) ?? '';
    else if (Array.isArray(next)) {
      yield '[';
      stack.push(endOfList);
      for (let index = next.length - 1; index >= 0; index -= 1) stack.push(comma, next[index]);
    } else {
      yield '{';
      stack.push(endOfObject);
      const entries = Object.entries(next).toSorted(([a], [b]) => (a > b ? -1 : 1));
      for (const [name, inner] of entries) stack.push(comma, inner, new Literal(`${JSON.stringify(name)}:`));
    }
  }
}
