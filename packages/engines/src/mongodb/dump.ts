import { archives, type Connection, type Dump, type DumpOptions, type EngineContext } from '@holdfast/shared/domain';
import { judgeDump, startProgram } from '../process/index.ts';
import { checkArchive } from './archive/check.ts';
import { connectionArguments } from './arguments.ts';
import type { MongodbClients } from './clients.ts';
import { measureArchive } from './content/of-archive.ts';
import { failure, fromProgram } from './failures.ts';
import { besidePrefix, wholeServer } from './names.ts';
import { survey, type Survey } from './probe.ts';

/** Starts mongodump, after a look at the server has shown that it can succeed, and reads its archive on the way. */
export async function dump(
  clients: MongodbClients,
  connection: Connection,
  { signal }: EngineContext,
  { content: level }: DumpOptions = { content: null, contentSeconds: 0 },
): Promise<Dump> {
  const found = await survey(clients, connection, { signal });
  const { client, serverVersion, contentBytes, tool, warnings } = found;
  if (found.missingPrivileges.length > 0) {
    throw failure('privilege_missing', found.missingPrivileges.join(' '), connection, undefined);
  }
  const { args, dispose } = await connectionArguments(connection, signal);
  const measuring = measureArchive(connection.database, level);
  try {
    const program = startProgram({
      program: client.path,
      args: [...args, '--archive', ...scope(connection.database, found)],
      env: { HOME: '/nonexistent' },
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judgeDump('mongodump', end, connection, { failure, fromProgram }),
    });
    program.stdin.end();
    void program.ended.then(dispose);
    const { stream, whole } = checkArchive(
      program.stdout,
      (fault) =>
        failure('dump_failed', `mongodump exited 0, but its archive is not whole: ${fault}`, connection, undefined),
      measuring?.sinkOf,
    );
    const content = measuring ? whole.then(measuring.manifest) : null;
    // Nobody need ask for it when the dump fails.
    content?.catch(() => undefined);
    return {
      stream,
      ...archives.mongodb,
      tool,
      serverVersion,
      estimatedBytes: contentBytes,
      warnings,
      ...(content && { content }),
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function scope(database: string, { isReplicaSet }: Survey): string[] {
  if (database === wholeServer) return isReplicaSet ? ['--oplog'] : [];
  // What a restore is building at the moment is not the database's content.
  return [`--db=${database}`, `--excludeCollectionsWithPrefix=${besidePrefix}`, '--excludeCollection=system.js'];
}
