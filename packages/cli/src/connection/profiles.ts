import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CliError, exits } from '../exits.ts';

export interface Profile {
  /** Without a slash at its end. */
  url: string;
  token: string;
}

const content = z.object({ profiles: z.record(z.string(), z.object({ url: z.url(), token: z.string().min(1) })) });

export type Profiles = Record<string, Profile>;

/** Where profiles are kept. @throws CliError usage, when nothing says where that is */
export function profilesPath(environment: NodeJS.ProcessEnv): string {
  const folder = environment['XDG_CONFIG_HOME'] || (environment['HOME'] && join(environment['HOME'], '.config'));
  if (!folder) {
    throw new CliError(
      exits.usage,
      'There is no HOME to keep a profile in: set HOLDFAST_URL and HOLDFAST_TOKEN instead.',
    );
  }
  return join(folder, 'holdfast', 'config.json');
}

/** @throws CliError refused, when others may read the file; usage, when it is none of ours */
export async function readProfiles(path: string): Promise<Profiles> {
  const found = await stat(path).catch(() => null);
  if (found === null) return {};
  if ((found.mode & 0o077) !== 0) {
    throw new CliError(exits.refused, `${path} holds tokens and may be read by others: chmod 0600 it.`);
  }
  const text = await readFile(path, 'utf8');
  const parsed = content.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new CliError(exits.usage, `${path} cannot be read as profiles: remove it, and log in again.`);
  }
  return parsed.data.profiles;
}

/** Writes all or nothing, readable by its owner alone. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ profiles }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
