import { Transform, type TransformCallback } from 'node:stream';
import { Crc64 } from './crc64.ts';
import { writeString } from './strings.ts';
import { RdbWalker, type RdbEntry, type RdbPart } from './walker.ts';

const auxField = 250;
const end = 255;

export interface RewriterRules {
  /** Which parts of the file go on. */
  keeps: (part: RdbPart) => boolean;
  /** Whether a key is left out wherever it stands. */
  hides: (key: Buffer, database: number) => boolean;
  /** Told of each key that goes on; may throw. */
  entry: (entry: RdbEntry) => void;
  /** Field and value that are added in front. */
  label: readonly [name: string, value: string];
  /** Bytes that may follow the end and are left out. */
  mayFollow: number;
  /** What a fault of the file becomes. */
  fault: (thrown: unknown) => unknown;
}

/**
 * Checks an RDB file as it flows and lets through what is asked for, again as a whole RDB file. It ends only after a whole
 * one came.
 */
export class Rewriter extends Transform {
  readonly #rules: RewriterRules;
  readonly #walker: RdbWalker;
  readonly #crc = new Crc64();
  #begun = false;

  constructor(rules: RewriterRules) {
    super();
    this.#rules = rules;
    this.#walker = new RdbWalker(
      {
        bytes: (bytes, part, hidden) => {
          if (bytes.length > 0 && !hidden && rules.keeps(part)) this.#give(bytes);
          if (this.#begun) return;
          this.#begun = true;
          this.#give(Buffer.concat([Buffer.from([auxField]), ...rules.label.map(writeString)]));
        },
        hides: rules.hides,
        entry: (entry) => {
          if (rules.keeps(entry.database)) rules.entry(entry);
        },
      },
      { values: false, allowsNoChecksum: true, mayFollow: rules.mayFollow },
    );
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#attempt(() => this.#walker.write(chunk), callback);
  }

  override _flush(callback: TransformCallback): void {
    this.#attempt(() => {
      this.#walker.end();
      this.#give(Buffer.from([end]));
      this.push(this.#crc.digest());
    }, callback);
  }

  #give(bytes: Buffer): void {
    this.#crc.update(bytes);
    this.push(bytes);
  }

  #attempt(work: () => void, callback: TransformCallback): void {
    try {
      work();
    } catch (error) {
      const fault = this.#rules.fault(error);
      callback(fault instanceof Error ? fault : new Error('The file cannot be read.', { cause: fault }));
      return;
    }
    callback();
  }
}
