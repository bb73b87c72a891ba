import { pipeline } from 'node:stream';
import {
  archives,
  type HoldfastError,
  type Connection,
  type ContentManifest,
  type Dump,
  type DumpOptions,
} from '@holdfast/shared/domain';
import { KeyCounter } from './content.ts';
import type { RedisContext } from './context.ts';
import { startDumpProgram } from './dump-program.ts';
import { failure } from './failures.ts';
import { faultOf } from './faults.ts';
import { isMarkKey } from './marks.ts';
import { allDatabases, refuseMadeOfAll } from './places.ts';
import { survey } from './probe.ts';
import { Rewriter } from './rdb/index.ts';

/** The field of an archive that tells whether it holds one database or all of a server. */
export const archiveLabel = 'holdfast-database';
/** The mark by which a server ends what it sends without telling its size before; client programs leave it there. */
const endMark = 40;

/**
 * Starts a dump, after a look at the server has shown that it can succeed. A server always sends all that it holds: what is not of
 * the registered database, nor content at all, is left out on the way.
 */
export async function dump(
  connection: Connection,
  context: RedisContext,
  { content: level }: DumpOptions = { content: null, contentSeconds: 0 },
): Promise<Dump> {
  const { look, places, marked, client, missingPrivileges, warnings } = await survey(connection, context);
  if (missingPrivileges.length > 0)
    throw failure('privilege_missing', missingPrivileges.join(' '), connection, undefined);
  refuseMadeOfAll(connection.database, places);
  const isAll = connection.database === allDatabases;
  const numbers = new Set(places.map(({ number }) => number));
  const known = new Set(marked.map(({ number }) => number));
  const ours = new Set(marked.filter(({ mark }) => mark.state !== 'made').map(({ number }) => number));
  // Of all databases also those are kept that came after the look.
  const keeps = (number: number): boolean => (isAll ? !ours.has(number) : numbers.has(number));

  const counted = Promise.withResolvers<ContentManifest>();
  counted.promise.catch(() => undefined);
  const counter = isAll ? new KeyCounter([], true) : new KeyCounter(places);
  const stream = new Rewriter({
    keeps: (part) => (typeof part === 'number' ? keeps(part) : isAll || part === 'server'),
    hides: (key, number) => {
      if (!isMarkKey(key)) return false;
      if (isAll && !known.has(number)) throw restoring(connection);
      return true;
    },
    entry: (entry) => counter.add(entry),
    label: [archiveLabel, isAll ? 'all' : 'one'],
    mayFollow: endMark,
    fault: (thrown) => faultOf(thrown, 'dump_failed'),
  });
  const output = await startDumpProgram(client, connection, context);
  pipeline(output, stream, (error) => {
    if (error) counted.reject(error);
    else counted.resolve(counter.manifest(true));
  });
  return {
    stream,
    ...archives.redis,
    tool: { name: client.name, version: client.version },
    serverVersion: look.shownVersion,
    estimatedBytes: null,
    ...(warnings.length > 0 && { warnings }),
    ...(level !== null && { content: counted.promise }),
  };
}

/** What is being built then would be taken for content. */
const restoring = (connection: Connection): HoldfastError =>
  failure('server_busy', 'a restore began on the server while it was dumped', connection, undefined);
