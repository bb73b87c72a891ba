import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** What happened when, one line of JSON each, for whoever looks into a violation. */
export class Journal {
  readonly folder: string;
  readonly #file: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.#file = join(folder, 'journal.jsonl');
  }

  write(what: string, fields: Record<string, unknown> = {}): void {
    appendFileSync(this.#file, `${JSON.stringify({ at: new Date().toISOString(), what, ...fields })}\n`);
  }

  /** The file that a process's output goes to. */
  logOf(name: string): string {
    return join(this.folder, `${name}.log`);
  }
}

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    const entries = [...this.#counts].sort(([a], [b]) => a.localeCompare(b));
    return entries.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  }
}
