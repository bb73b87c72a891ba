import { parseSettings, type Settings } from './settings.ts';

/** Reads the settings from the process's environment. On any problem prints all of them and exits with code 78 (EX_CONFIG). */
export function loadSettings(): Settings {
  const result = parseSettings(process.env);
  if ('settings' in result) return result.settings;
  process.stderr.write(`The configuration cannot be used:\n${result.problems.map((line) => `  - ${line}\n`).join('')}`);
  process.exit(78);
}

/** The process's environment, for a program that completes it before it is checked. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}
