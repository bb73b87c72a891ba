import { Crc64 } from './crc64.ts';
import { RdbFault } from './fault.ts';
import { length, readString, skipString } from './strings.ts';
import { skipModuleParts, valueType, type Dialect, type ValueType } from './values.ts';
import { Window, type Steps } from './window.ts';

/** One key of a database, as a file holds it. */
export interface RdbEntry {
  database: number;
  key: Buffer;
  type: ValueType['name'];
  /** Unix time in milliseconds; null: never. */
  expiresAt: number | null;
  /** Seconds since it was last used; null where nobody says. */
  idleSeconds: number | null;
  /** How often it is used, as servers count that; null where nobody says. */
  frequency: number | null;
  /** The byte of its type and the encoded value; null where values are not held. */
  value: { type: number; body: Buffer } | null;
}

/** What a piece of a file belongs to: the number of a database, or the server as a whole. */
export type RdbPart = number | 'server' | 'functions';

export interface RdbVisitor {
  /** Everything but the end, in order, cut anywhere. What is `hidden` belongs to keys that `hides` names. */
  bytes?: (bytes: Buffer, part: RdbPart, hidden: boolean) => void;
  /** Whether a key is none of the content. */
  hides?: (key: Buffer, database: number) => boolean;
  aux?: (name: string, value: string) => void;
  entry?: (entry: RdbEntry) => void;
}

export interface RdbRules {
  /** Whether entries come with their values, each of which is then held in memory as a whole. */
  values: boolean;
  /** Whether a file without a checksum is whole: servers leave it out where they are set so. */
  allowsNoChecksum: boolean;
  /** Bytes that may follow the end: client programs leave the mark there that the server ends its transfer with. */
  mayFollow: number;
}

export interface RdbHeader {
  dialect: Dialect;
  version: number;
}

const opcode = {
  slotInfo: 244,
  functions: 245,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  sizes: 251,
  expiresMs: 252,
  expires: 253,
  database: 254,
  end: 255,
} as const;
const newestVersion: Readonly<Record<Dialect, number>> = { redis: 13, valkey: 80 };
const firstWithChecksum = 5;

/**
 * Walks an RDB file while it flows, by what the format says of where each value ends. Whatever it does not know is an error
 * and never skipped, and so is whatever is not whole: `end` succeeds only after the mark of the end and the right checksum.
 */
export class RdbWalker {
  readonly #visitor: RdbVisitor;
  readonly #rules: RdbRules;
  readonly #window = new Window();
  readonly #crc = new Crc64();
  readonly #steps: Steps;
  #header: RdbHeader | null = null;
  #database = 0;
  #followed = 0;
  #isWhole = false;
  #hasChecksum = true;

  constructor(visitor: RdbVisitor, rules: RdbRules) {
    this.#visitor = visitor;
    this.#rules = rules;
    this.#steps = this.#walk();
    this.#steps.next();
  }

  /** Null before it was read. */
  get header(): RdbHeader | null {
    return this.#header;
  }

  get hasChecksum(): boolean {
    return this.#hasChecksum;
  }

  /** @throws RdbFault */
  write(chunk: Buffer): void {
    let rest = chunk;
    if (!this.#isWhole) {
      this.#window.append(chunk);
      this.#isWhole = this.#steps.next().done === true;
      if (!this.#isWhole) return;
      rest = chunk.subarray(chunk.length - this.#window.ahead);
    }
    this.#followed += rest.length;
    if (this.#followed > this.#rules.mayFollow) throw new RdbFault('there is more behind the end');
  }

  /** @throws RdbFault */
  end(): void {
    if (!this.#isWhole) throw new RdbFault('it ends too early');
  }

  *#walk(): Steps {
    const { version, dialect } = yield* this.#readHeader();
    this.#take('server');
    for (;;) {
      const entry: Attributes = { expiresAt: null, idleSeconds: null, frequency: null };
      const type = yield* this.#attributes(entry);
      if (type === opcode.end) return yield* this.#finish(version);
      if (type >= opcode.slotInfo) yield* this.#record(type);
      else yield* this.#entry(type, entry, { version, dialect });
    }
  }

  *#readHeader(): Steps<RdbHeader> {
    const text = (yield* this.#window.bytes(9)).toString('latin1');
    const [, magic, digits] = /^(REDIS|VALKEY)(\d{3,4})$/.exec(text) ?? [];
    if (magic === undefined) throw new RdbFault('it does not begin as an RDB file does');
    const dialect: Dialect = magic === 'VALKEY' ? 'valkey' : 'redis';
    const version = Number(digits);
    if (version < 1 || version > newestVersion[dialect])
      throw new RdbFault(`its version, ${version} of ${dialect}, is not known`);
    this.#header = { dialect, version };
    return this.#header;
  }

  /** Reads what stands in front of a key. */
  *#attributes(entry: Attributes): Steps<number> {
    const window = this.#window;
    for (;;) {
      const type = yield* window.byte();
      switch (type) {
        case opcode.expiresMs:
          entry.expiresAt = Number((yield* window.bytes(8)).readBigInt64LE());
          break;
        case opcode.expires:
          entry.expiresAt = (yield* window.bytes(4)).readInt32LE() * 1000;
          break;
        case opcode.idle:
          entry.idleSeconds = yield* length(window);
          break;
        case opcode.frequency:
          entry.frequency = yield* window.byte();
          break;
        default:
          return type;
      }
    }
  }

  *#record(type: number): Steps {
    const window = this.#window;
    switch (type) {
      case opcode.database:
        this.#database = yield* length(window);
        return this.#take(this.#database);
      case opcode.sizes:
        yield* length(window);
        yield* length(window);
        return this.#take(this.#database);
      case opcode.slotInfo:
        for (let left = 3; left > 0; left--) yield* length(window);
        return this.#take(this.#database);
      case opcode.aux: {
        const name = (yield* readString(window)).toString('utf8');
        const value = (yield* readString(window)).toString('utf8');
        this.#visitor.aux?.(name, value);
        return this.#take('server');
      }
      case opcode.functions:
        yield* skipString(window);
        return this.#take('functions');
      case opcode.moduleAux:
        for (let left = 3; left > 0; left--) yield* length(window);
        yield* skipModuleParts(window);
        return this.#take('server');
      default:
        throw new RdbFault(`it has a record of the type ${type}, which is not known`);
    }
  }

  *#entry(type: number, attributes: Attributes, { version, dialect }: RdbHeader): Steps {
    const window = this.#window;
    const known = valueType(type, dialect);
    if (!known)
      throw new RdbFault(`it has a value of the type ${type}, which is not known in version ${version} of ${dialect}`);
    const key = Buffer.from(yield* readString(window));
    const database = this.#database;
    const hidden = this.#visitor.hides?.(key, database) ?? false;
    let value: RdbEntry['value'] = null;
    if (this.#rules.values) {
      const before = window.read;
      yield* known.skip(window);
      value = { type, body: window.since(before) };
    } else {
      this.#take(database, hidden);
      yield* window.spilling((bytes) => this.#pass(bytes, database, hidden), known.skip(window));
    }
    this.#take(database, hidden);
    if (!hidden) this.#visitor.entry?.({ ...attributes, database, key, type: known.name, value });
  }

  *#finish(version: number): Steps {
    this.#crc.update(this.#window.take());
    if (version < firstWithChecksum) {
      this.#hasChecksum = false;
    } else {
      const found = yield* this.#window.bytes(8);
      this.#hasChecksum = found.some((byte) => byte !== 0);
      if (this.#hasChecksum && !found.equals(this.#crc.digest())) throw new RdbFault('its checksum is wrong');
      this.#window.take();
    }
    if (!this.#hasChecksum && !this.#rules.allowsNoChecksum) throw new RdbFault('it has no checksum');
  }

  #take(part: RdbPart, hidden = false): void {
    this.#pass(this.#window.take(), part, hidden);
  }

  #pass(bytes: Buffer, part: RdbPart, hidden: boolean): void {
    this.#crc.update(bytes);
    this.#visitor.bytes?.(bytes, part, hidden);
  }
}

type Attributes = Pick<RdbEntry, 'expiresAt' | 'idleSeconds' | 'frequency'>;
