import { parseAgentSettings, type AgentSettings } from './agent-settings.ts';
import { parseSettings, type Settings } from './settings.ts';

/** Reads the settings from the process's environment. On any problem prints all of them and exits with code 78 (EX_CONFIG). */
export function loadSettings(): Settings {
  const result = parseSettings(process.env);
  return 'settings' in result ? result.settings : refuseConfiguration(result.problems);
}

/** As `loadSettings`, for the agent of a remote server. */
export function loadAgentSettings(): AgentSettings {
  const result = parseAgentSettings(process.env);
  return 'settings' in result ? result.settings : refuseConfiguration(result.problems);
}

/** Prints all problems and ends the process with code 78 (EX_CONFIG). */
export function refuseConfiguration(problems: readonly string[]): never {
  process.stderr.write(`The configuration cannot be used:\n${problems.map((line) => `  - ${line}\n`).join('')}`);
  process.exit(78);
}

/** The process's environment, for a program that completes it before it is checked. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}
