import { execFile, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const privateFolder = join(root, '.holdfast');

export function say(text: string): void {
  process.stderr.write(`holdfast: ${text}\n`);
}

/** Runs a program with our own streams. @returns its exit code */
export function runProgram(program: string, parameters: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'inherit', 'inherit'], cwd: root });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs a program quietly. @returns what it printed. @throws Error with the end of what it said when it fails */
export function runQuietly(program: string, parameters: readonly string[], cwd = root): string {
  const { status, stderr, stdout, error } = spawnSync(program, parameters, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    const said = error?.message ?? `${stdout}\n${stderr}`.trim().slice(-2000);
    throw new Error(`${program} ${parameters.join(' ')} failed: ${said}`);
  }
  return stdout;
}

/** The same beside other work. */
export async function runAsync(program: string, parameters: readonly string[], cwd = root): Promise<string> {
  const options = { cwd, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(program, parameters, options);
  return stdout;
}

/** The file that a command name stands for, or null. */
export function findProgram(name: string, folders: readonly string[] = []): string | null {
  for (const folder of [...folders, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}

export function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}
