import { NotGlobals, tokensOf, type Token } from './tokens.ts';

/** Longest name that PostgreSQL keeps, in bytes: it would cut a longer one without a word. */
const longestName = 63;

/** The statements of a globals file, without their semicolons. @throws NotGlobals */
export function* statementsOf(text: string, backslashes = false): Generator<Statement> {
  let tokens: Token[] = [];
  for (const token of tokensOf(text, backslashes)) {
    if (token.kind === 'sign' && token.value === ';') {
      yield new Statement(tokens, token.line);
      tokens = [];
    } else tokens.push(token);
  }
  const [unended] = tokens;
  if (unended) throw new NotGlobals(unended.line);
}

/** One statement, read from its beginning to its end. Each method takes what it is named for, or throws NotGlobals. */
export class Statement {
  readonly line: number;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[], endLine: number) {
    this.#tokens = tokens;
    this.line = tokens[0]?.line ?? endLine;
  }

  refuse(): never {
    throw new NotGlobals(this.line);
  }

  word(word: string): void {
    if (!this.maybeWord(word)) this.refuse();
  }

  maybeWord(word: string): boolean {
    return this.#take('word', word) !== null;
  }

  oneOf<W extends string>(words: readonly W[]): W {
    return words.find((word) => this.maybeWord(word)) ?? this.refuse();
  }

  sign(sign: string): void {
    if (!this.maybeSign(sign)) this.refuse();
  }

  maybeSign(sign: string): boolean {
    return this.#take('sign', sign) !== null;
  }

  /** In quotes, or of small letters alone. */
  name(): string {
    const name = this.#take('name') ?? this.#take('word') ?? this.refuse();
    const quoted = this.#tokens[this.#next - 1]?.kind === 'name';
    if (!quoted && !/^[a-z_][a-z0-9_$]*$/.test(name)) this.refuse();
    if (name === '' || Buffer.byteLength(name) > longestName) this.refuse();
    return name;
  }

  text(): string {
    return this.#take('text') ?? this.refuse();
  }

  nameOrText(): string {
    return this.#take('text') ?? this.name();
  }

  number(): string {
    return this.#take('number') ?? this.refuse();
  }

  integer(): number {
    const number = Number(this.number());
    return Number.isSafeInteger(number) ? number : this.refuse();
  }

  atEnd(): boolean {
    return this.#next >= this.#tokens.length;
  }

  end(): void {
    if (!this.atEnd()) this.refuse();
  }

  #take(kind: Token['kind'], value?: string): string | null {
    const token = this.#tokens[this.#next];
    if (token?.kind !== kind || (value !== undefined && token.value !== value)) return null;
    this.#next += 1;
    return token.value;
  }
}
