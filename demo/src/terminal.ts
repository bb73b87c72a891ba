const out = process.stdout;

/** Prints the steps of the demo; on a terminal the line of a running step is redrawn, elsewhere it is printed once in a while. */
export class Terminal {
  #open = false;
  #lastPrinted = 0;

  step(text: string): void {
    this.#end();
    out.write(`\n${text}\n`);
  }

  detail(text: string): void {
    this.#end();
    out.write(`  ${text}\n`);
  }

  progress(text: string): void {
    if (out.isTTY) {
      out.write(`\r\u001B[2K  ${text}`);
      this.#open = true;
      return;
    }
    if (performance.now() - this.#lastPrinted < 500) return;
    this.#lastPrinted = performance.now();
    out.write(`  ${text}\n`);
  }

  table(rows: readonly (readonly [name: string, value: string])[]): void {
    this.#end();
    const width = Math.max(...rows.map(([name]) => name.length));
    out.write(`\n${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}`);
  }

  #end(): void {
    if (this.#open) out.write('\n');
    this.#open = false;
  }
}

/** A bar of 24 places. @param fraction 0–1, or null when the end is not known */
export function bar(fraction: number | null): string {
  if (fraction === null) return '·'.repeat(24);
  const filled = Math.round(Math.min(1, fraction) * 24);
  return '█'.repeat(filled) + '░'.repeat(24 - filled);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
