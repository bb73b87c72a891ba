import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { environment } from '@holdfast/shared/config';
import { HoldfastError } from '@holdfast/shared/domain';
import { runService } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { firstAccount } from './bootstrap.ts';
import { startStandalone, type Standalone } from './standalone.ts';
import { defaultState } from './state.ts';

const usage = `Runs Holdfast in one process.
  --state <folder>  where everything is kept; /var/lib/holdfast for root, otherwise ~/.local/state/holdfast
  --new-token       adds a token to the account "${firstAccount}" and prints it
  --help
`;
/** For running work to be handed back and for PostgreSQL to stop, after the worker's own time to finish. */
const closeSeconds = 30;
const usualGraceSeconds = 30;

function describe({ url, token, unreadable, encrypts }: Standalone, stateDir: string): string {
  const lines = [
    `Holdfast is ready: open ${url} in a browser and sign in with a token`,
    `  everything is kept in ${stateDir}`,
    token
      ? `  token of "${firstAccount}", shown this once: ${token.reveal()}`
      : '  for a further token start with --new-token',
    ...unreadable.map((line, index) => (index === 0 ? `  WARNING: ${line}` : `    ${line}`)),
    ...(encrypts ? [] : ['  backups are not encrypted: docs/encryption.md says how they are']),
    `  from the shell: npx holdfast login ${url}, then npx holdfast --help`,
    `  all calls are described at ${url}/docs`,
    '  Ctrl-C stops it',
  ];
  return `${lines.join('\n')}\n`;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: { state: { type: 'string' }, 'new-token': { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const stateDir = resolve(values.state ?? defaultState(environment()));
  const logger = createLogger('holdfast', 'info', process.stderr);
  const graceSeconds = closeSeconds + (Number(environment()['HOLDFAST_GRACE_SECONDS']) || usualGraceSeconds);
  await runService({ logger, graceSeconds }, async (parts, stopping) => {
    const standalone = await startStandalone({
      stateDir,
      environment: environment(),
      logger,
      newToken: values['new-token'] ?? false,
      stopping,
    });
    parts.add('holdfast', standalone);
    process.stdout.write(describe(standalone, stateDir));
  });
}

try {
  await run();
} catch (error) {
  const isOurs = error instanceof HoldfastError;
  process.stderr.write(`Holdfast could not start: ${isOurs ? error.message : String((error as Error).stack)}\n`);
  process.exit(isOurs && error.code === 'configuration' ? 78 : 1);
}
