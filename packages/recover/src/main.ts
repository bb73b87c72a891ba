import { createEngines } from '@holdfast/engines';
import { identitiesIn, loadRecoveryEnvironment } from '@holdfast/shared/config';
import { HoldfastError, type Keys } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { ask, askHidden } from '@holdfast/shared/terminal';
import { openStore } from '@holdfast/stores';
import { readCommand, type Command } from './command.ts';
import { connectionTo, readText } from './connection.ts';
import type { Deps } from './deps.ts';
import { download } from './download.ts';
import { explain } from './explain.ts';
import { list, show, verify } from './look.ts';
import { destinationAt, rootOf } from './place.ts';
import { restore, type RestoreDeps } from './restore.ts';
import { usage } from './usage.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopping.abort(new HoldfastError('cancelled', 'Interrupted.')));
}

async function run(command: Command): Promise<number> {
  const environment = loadRecoveryEnvironment();
  const { signal } = stopping;
  const keys = await keysIn(command.identityFiles);
  const store = openStore(destinationAt(command.place, environment), {
    localRoot: rootOf(command.place),
    // Whoever runs this chose the endpoint, and reads with rights of their own.
    allowedNetworks: ['0.0.0.0/0', '::/0'],
    partConcurrency: 1,
    patienceSeconds: 60,
  });
  const deps: Deps = { store, keys, signal, json: command.json, print, say };
  try {
    switch (command.name) {
      case 'list':
        return await list(deps, command.database);
      case 'show':
        return await show(deps, command.backup);
      case 'verify':
        return await verify(deps, command.backup);
      case 'download':
        return await download(deps, command.backup, command.to, command.plain);
      case 'restore': {
        const { clientFolders } = environment;
        const restoreDeps: RestoreDeps = {
          ...deps,
          // Whoever runs this names the path, and writes with rights of their own.
          engines: createEngines({ clientFolders, fileRoots: ['/'] }),
          ids: systemIds,
          connect: (type, target, database) =>
            connectionTo(type, target, database, environment, (question) => askHidden(question, signal)),
          ask: (question) => ask(question, signal),
        };
        return await restore(restoreDeps, command.backup, command.target);
      }
    }
  } finally {
    await store.close();
  }
}

async function keysIn(paths: readonly string[]): Promise<Keys> {
  const texts = await Promise.all(paths.map(readText));
  return { recipients: [], identities: texts.flatMap((text, index) => identitiesIn(text, paths[index] ?? '')) };
}

const given = process.argv.slice(2);
try {
  const command = readCommand(given);
  if (command) process.exitCode = await run(command);
  else process.stdout.write(usage);
} catch (thrown) {
  const { exit, text, document } = explain(thrown);
  if (document && given.includes('--json')) print(JSON.stringify(document));
  say(text);
  process.exitCode = exit;
}
