import type { Secret } from '@holdfast/shared/domain';
import { longestForm, redact } from '@holdfast/shared/security';

const limit = 8 * 1024;

/** Keeps the last 8 KiB of what a program says, however much that is, and gives it back without secrets. */
export class Tail {
  readonly #secrets: readonly Secret[];
  readonly #margin: number;
  #kept: Buffer = Buffer.alloc(0);
  #dropped = false;

  constructor(secrets: readonly Secret[]) {
    this.#secrets = secrets;
    this.#margin = longestForm(secrets);
  }

  add(chunk: Buffer): void {
    const room = limit + this.#margin;
    const joined = Buffer.concat([this.#kept, chunk.subarray(-room)]);
    this.#dropped ||= this.#kept.length + chunk.length > room;
    this.#kept = Buffer.from(joined.subarray(-room));
  }

  /** The tail, trimmed. A secret that the cut went through is not shown in part: the margin in front is left out. */
  text(): string {
    const clean = redact(this.#kept.toString('utf8'), this.#secrets);
    if (!this.#dropped) return clean.trim();
    return `… ${clean.slice(this.#margin)}`.trim();
  }
}
