import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';

const megabytes = 384;
const block = Buffer.alloc(1024 * 1024);

/** The disk that the local store lies on, small enough to be filled. */
export class Disk {
  /** HOLDFAST_LOCAL_ROOT. */
  readonly root: string;
  readonly #mount: string | null;
  readonly #folder: string;
  readonly #atExit = (): void => this.remove();

  /** As root a file system of its own in memory; else a plain folder, that cannot be filled without harm to others. */
  constructor(parent: string) {
    this.#folder = mkdtempSync(join(parent, 'disk-'));
    this.#mount = mounted(this.#folder) ? this.#folder : null;
    this.root = join(this.#folder, 'objects');
    mkdirSync(this.root);
    process.once('exit', this.#atExit);
  }

  /** Whether `fill` works. */
  get isSmall(): boolean {
    return this.#mount !== null;
  }

  /** Leaves no byte. */
  fill(): void {
    const file = openSync(join(this.#folder, 'ballast'), 'w');
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.#folder, 'ballast'), { force: true });
  }

  remove(): void {
    process.removeListener('exit', this.#atExit);
    if (this.#mount !== null) execFileSync('umount', ['-l', this.#mount]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
    writeFileSync(join(folder, 'probe'), '');
    rmSync(join(folder, 'probe'));
    return true;
  } catch {
    return false;
  }
}
