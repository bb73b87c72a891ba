import { Transform, type TransformCallback } from 'node:stream';
import { HoldfastError } from '@holdfast/shared/domain';
import { readHead, trailer, trailerBytes, type Defaults } from './archive.ts';
import type { Flavour } from './flavour.ts';
import { Sections, tellingBytes, type Section } from './sections.ts';

/** What an archive holds beside tables. */
export interface Code {
  /** What every session begins with. */
  head: string;
  triggers: string;
  /** Views, routines and events. */
  code: string;
}

const mostCodeBytes = 256 * 1024 * 1024;
const newline = 10;

/**
 * Reads an archive: lets through what makes tables and their rows, and keeps the rest, which is small. A line may be as long
 * as a row, so only its beginning is looked at. Fails with `integrity` where the archive is not whole.
 */
export class ArchiveSplitter extends Transform {
  readonly #flavour: Flavour;
  readonly #sections = new Sections();
  readonly #kept: Record<Exclude<Section, 'data'>, Buffer[]> = { both: [], triggers: [], code: [] };
  #keptBytes = 0;
  /** The beginning of a line of which not enough is known yet. */
  #pending: Buffer = Buffer.alloc(0);
  /** What the line that goes on belongs to; null at the beginning of one. */
  #line: Section | null = null;
  #tail: Buffer = Buffer.alloc(0);
  #defaults: Defaults | null = null;
  readonly #head = Promise.withResolvers<Defaults>();

  constructor(flavour: Flavour) {
    super();
    this.#flavour = flavour;
    this.#head.promise.catch(() => undefined);
  }

  /** Resolves when the first lines were read; fails as the stream does. */
  get defaults(): Promise<Defaults> {
    return this.#head.promise;
  }

  /** To be asked when the archive was read to its end. */
  get code(): Code {
    const text = (section: Exclude<Section, 'data'>): string => Buffer.concat(this.#kept[section]).toString('utf8');
    return { head: text('both'), triggers: text('triggers'), code: text('code') };
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      if (chunk.includes(0)) throw damaged('holds a zero byte, which no dump does');
      this.#tail = Buffer.concat([this.#tail, chunk.subarray(-trailerBytes)]).subarray(-trailerBytes);
      this.#read(this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]), false);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#read(this.#pending, true);
      this.#checkHead();
      if (!trailer.test(this.#tail.toString('utf8'))) throw damaged('does not end as a whole dump does');
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#head.reject(error ?? damaged('was not read to its end'));
    done(error);
  }

  #read(bytes: Buffer, isEnd: boolean): void {
    let at = 0;
    let from = 0;
    let section = this.#line;
    while (at < bytes.length) {
      const end = bytes.indexOf(newline, at);
      const next = end === -1 ? bytes.length : end + 1;
      if (this.#line === null) {
        if (end === -1 && next - at < tellingBytes && !isEnd) break;
        const line = this.#sectionOf(bytes, at, next);
        if (section !== null && line !== section) {
          if (at > from) this.#give(section, bytes.subarray(from, at));
          from = at;
        }
        section = line;
        this.#line = line;
      }
      at = next;
      if (end !== -1) this.#line = null;
    }
    if (section !== null && at > from) this.#give(section, bytes.subarray(from, at));
    this.#pending = Buffer.from(bytes.subarray(at));
  }

  #sectionOf(bytes: Buffer, at: number, end: number): Section {
    return (
      this.#sections.unchanged(bytes[at] ?? 0) ??
      this.#sections.next(bytes.toString('latin1', at, Math.min(at + tellingBytes, end)))
    );
  }

  #give(section: Section, bytes: Buffer): void {
    if (section === 'data') {
      this.#checkHead();
      this.push(bytes);
      return;
    }
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > mostCodeBytes) throw damaged('holds more views and routines than fit into memory');
    this.#kept[section].push(bytes);
    if (section === 'both') {
      // Another kind of file would be kept whole before its first line is looked at.
      if (this.#defaults === null && this.#keptBytes > 4096) this.#checkHead();
      this.push(bytes);
    }
  }

  #checkHead(): void {
    if (this.#defaults !== null) return;
    this.#defaults = readHead(Buffer.concat(this.#kept.both).toString('utf8'), this.#flavour);
    this.#head.resolve(this.#defaults);
  }
}

const damaged = (what: string): HoldfastError => new HoldfastError('integrity', `The archive ${what}.`);
