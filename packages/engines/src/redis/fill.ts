import type { Readable } from 'node:stream';
import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { claimSpare, type Claim } from './claim.ts';
import { archiveLabel } from './dump.ts';
import { failure } from './failures.ts';
import { faultOf } from './faults.ts';
import { isMarkKey, type Marked } from './marks.ts';
import { allDatabases } from './places.ts';
import type { Plan } from './plan.ts';
import { RdbWalker, restorePayload, type RdbEntry } from './rdb/index.ts';
import type { Session } from './session.ts';

/** How much of what was sent may be unanswered. */
const mostBytes = 8 * 1024 * 1024;
const mostKeys = 2000;
const shownKey = 80;

/** One database that was built. */
export interface Built extends Marked {
  /** Its number in the archive. */
  of: number;
  /** Keys that it was given, and how many of them never expire. */
  keys: number;
  lasting: number;
}

/** Brings the keys of an archive into databases that hold nothing else. */
export class Filler {
  /** By their numbers in the archive. */
  readonly builds = new Map<number, Built>();
  /** Every database that was taken. */
  readonly claimed: Marked[] = [];
  /** Keys whose time was over, which were left out. */
  expired = 0;
  /** Libraries of functions that the archive holds. */
  libraries = false;
  readonly #session: Session;
  readonly #connection: Connection;
  readonly #plan: Plan;
  readonly #restoreId: string;
  #archive: 'one' | 'all' = 'all';
  #selected: Built | null = null;
  #now = 0;
  #unanswered = { bytes: 0, keys: 0 };
  #failed: unknown = null;
  #answered: (() => void) | null = null;

  constructor(session: Session, connection: Connection, plan: Plan, restoreId: string) {
    this.#session = session;
    this.#connection = connection;
    this.#plan = plan;
    this.#restoreId = restoreId;
  }

  /** Whether the archive's databases are restored under numbers that tell them apart. */
  get isOneOfAll(): boolean {
    return this.#plan.takesAll && this.#archive === 'all';
  }

  /** Reads `input` to its end. */
  async fill(input: Readable): Promise<void> {
    const [seconds, micros] = ((await this.#session.call('TIME')) as unknown[]).map(Number);
    this.#now = (seconds ?? 0) * 1000 + (micros ?? 0) / 1000;
    let entries: RdbEntry[] = [];
    const walker = new RdbWalker(
      {
        aux: (name, value) => {
          if (name === archiveLabel && value === 'one') this.#archive = 'one';
        },
        bytes: (_bytes, part) => {
          if (part === 'functions') this.libraries = true;
        },
        hides: isMarkKey,
        entry: (entry) => entries.push(entry),
      },
      { values: true, allowsNoChecksum: false, mayFollow: 0 },
    );
    try {
      for await (const chunk of input as AsyncIterable<Buffer>) {
        walker.write(chunk);
        for (const entry of entries) await this.#put(entry, walker.header?.version ?? 0);
        entries = [];
      }
      walker.end();
    } catch (error) {
      throw faultOf(error, 'integrity');
    }
    await this.#below(0, 0);
    const { source, takesAll } = this.#plan;
    if (this.#archive === 'all' && !takesAll && source !== null && this.builds.size === 0)
      throw this.#refusal(`the backup is of a whole server and holds no key of database ${source}`);
    if (this.builds.size === 0 && (!this.isOneOfAll || this.#plan.isNew)) await this.claim(this.#plan.source ?? 0);
    const { name } = this.#plan;
    if (name === allDatabases && this.#archive === 'one')
      throw this.#refusal('the backup holds one database alone, and not all of a server: restore it by its number');
  }

  async #put(entry: RdbEntry, version: number): Promise<void> {
    const { source, takesAll } = this.#plan;
    const { database, value, key, expiresAt } = entry;
    if (this.#archive === 'all' && !takesAll && source !== null && database !== source) return;
    const built = this.builds.get(database) ?? (await this.claim(database));
    if (expiresAt !== null && expiresAt <= this.#now) {
      this.expired++;
      return;
    }
    if (value === null) throw new TypeError('The walker gave no value.');
    if (this.#selected !== built) await this.#session.select(built.number);
    this.#selected = built;
    built.keys++;
    if (expiresAt === null) built.lasting++;
    const payload = restorePayload(value, version);
    const used =
      entry.idleSeconds !== null
        ? ['IDLETIME', entry.idleSeconds]
        : entry.frequency !== null
          ? ['FREQ', entry.frequency]
          : [];
    this.#unanswered.bytes += payload.length;
    this.#unanswered.keys++;
    this.#session.call('RESTORE', key, expiresAt ?? 0, payload, 'ABSTTL', ...used).then(
      () => this.#answer(payload.length),
      (error: unknown) => {
        this.#failed ??= this.#named(error, entry);
        this.#answer(payload.length);
      },
    );
    await this.#below(mostBytes, mostKeys);
  }

  /** Takes a database for one of the archive. */
  async claim(of: number): Promise<Built> {
    const { name, number, isNew, takesAll } = this.#plan;
    if (this.#archive === 'one' && this.builds.size > 0)
      throw new HoldfastError('integrity', 'The archive should hold one database, and holds several.');
    if (this.#archive === 'all' && isNew && !takesAll && this.#plan.source === null)
      throw this.#refusal(`the backup holds all databases of a server: choose another name than ${name} for them`);
    const claim: Claim = { restoreId: this.#restoreId, target: name, of, isOneOfAll: this.isOneOfAll };
    const wanted = new Set(number === null ? this.builds.keys() : [number]);
    const claimed = await claimSpare(this.#session, this.#connection, claim, wanted);
    this.claimed.push(claimed);
    const built = { ...claimed, of, keys: 0, lasting: 0 };
    this.builds.set(of, built);
    this.#selected = null;
    return built;
  }

  #answer(bytes: number): void {
    this.#unanswered.bytes -= bytes;
    this.#unanswered.keys--;
    this.#answered?.();
  }

  /** Waits until no more than that is unanswered. @throws what the server refused */
  async #below(bytes: number, keys: number): Promise<void> {
    while (this.#unanswered.bytes > bytes || this.#unanswered.keys > keys) {
      await new Promise<void>((resolve) => {
        this.#answered = resolve;
      });
      this.#answered = null;
    }
    if (this.#failed !== null) throw this.#failed;
  }

  #named(error: unknown, { key, type }: RdbEntry): unknown {
    if (!(error instanceof HoldfastError) || error.code !== 'restore_failed') return error;
    const text = JSON.stringify(key.toString('utf8').slice(0, shownKey));
    return new HoldfastError('restore_failed', `${error.message} It was the key ${text}, a ${type}.`, { cause: error });
  }

  #refusal(reason: string): HoldfastError {
    return failure('configuration', reason, this.#connection, undefined);
  }
}
