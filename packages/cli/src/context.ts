import { openClient, type HoldfastClient } from '@holdfast/client';
import { HoldfastError } from '@holdfast/shared/domain';
import { ask, askHidden } from '@holdfast/shared/terminal';
import { chooseConnection, type Choice } from './connection/choose.ts';
import type { Profile } from './connection/profiles.ts';
import { CliError, exits, usageError } from './exits.ts';
import { coloured, noStyle, stateText, type Style } from './output/style.ts';
import { facts, table, type Column, type Fact } from './output/table.ts';
import { plain } from './output/text.ts';

/** What the program has from outside. */
export interface Surroundings {
  environment: NodeJS.ProcessEnv;
  out: NodeJS.WriteStream;
  err: NodeJS.WriteStream;
  input: NodeJS.ReadStream;
  signal: AbortSignal;
  now: () => Date;
}

export interface Globals extends Choice {
  json?: boolean | undefined;
}

const answerSeconds = 180;

/** What a command works with. */
export class Context {
  readonly surroundings: Surroundings;
  readonly json: boolean;
  readonly style: Style;
  readonly #choice: Choice;
  #connection: Promise<Profile> | undefined;
  #client: HoldfastClient | undefined;

  constructor(surroundings: Surroundings, { json = false, ...choice }: Globals) {
    this.surroundings = surroundings;
    this.json = json;
    this.#choice = choice;
    this.style = showsColour(surroundings) ? coloured : noStyle;
  }

  get signal(): AbortSignal {
    return this.surroundings.signal;
  }

  now(): Date {
    return this.surroundings.now();
  }

  connection(): Promise<Profile> {
    return (this.#connection ??= chooseConnection(this.#choice, this.surroundings.environment));
  }

  /** @throws CliError refused, when nothing says which service is meant */
  async client(): Promise<HoldfastClient> {
    return (this.#client ??= this.clientTo(await this.connection()));
  }

  clientTo({ url, token }: Profile): HoldfastClient {
    const { signal } = this;
    return openClient({
      baseUrl: url,
      token,
      fetch: (request) =>
        fetch(request, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerSeconds * 1000)]) }),
    });
  }

  /** The result: one JSON document where that is asked for, else words. Nothing else goes to standard output. */
  result(document: unknown, words: () => string): void {
    const text = this.json ? JSON.stringify(document) : words();
    this.surroundings.out.write(text === '' ? '' : `${text}\n`);
  }

  /** For whoever watches; never part of the result. */
  say(text: string): void {
    this.surroundings.err.write(`${plain(text, { lines: true })}\n`);
  }

  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): string {
    if (rows.length === 0) return empty;
    return table(rows, columns, { width: this.width, style: this.style });
  }

  facts(pairs: readonly Fact[]): string {
    return facts(pairs, this.style);
  }

  state(state: string): string {
    return stateText(this.style, state);
  }

  /** Of the terminal that shows the result; null where none does. */
  get width(): number | null {
    const { out } = this.surroundings;
    return out.isTTY ? (out.columns ?? null) : null;
  }

  /** @returns null when nobody sits there */
  ask(question: string): Promise<string | null> {
    return this.#answered(ask(question, this.signal));
  }

  /** The same, and nothing of what is typed is shown. */
  askHidden(question: string): Promise<string | null> {
    return this.#answered(askHidden(question, this.signal));
  }

  /** @throws CliError interrupted: at a prompt Ctrl-C is a key, and no signal comes */
  async #answered(asked: Promise<string | null>): Promise<string | null> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'cancelled') throw error;
      this.surroundings.err.write('\n');
      throw new CliError(exits.interrupted, 'Interrupted.');
    }
  }

  /**
   * Asks before something that cannot be taken back.
   * @param typed what has to be typed; absent: yes
   * @throws CliError usage, when nobody can be asked, or says no
   */
  async confirm(question: string, { yes, typed }: { yes?: boolean | undefined; typed?: string }): Promise<void> {
    if (yes === true) return;
    const answer = await this.ask(typed === undefined ? `${question} [y/N] ` : `${question}\nType ${typed} to go on: `);
    if (answer === null) throw usageError(`${question} Nobody can be asked here: say --yes.`);
    const agreed = typed === undefined ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === typed;
    if (!agreed) throw usageError('Nothing was done.');
  }
}

function showsColour({ environment, out }: Surroundings): boolean {
  return out.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
