import { pipeline, Transform, type Readable } from 'node:stream';
import type { Connection, HoldfastError } from '@holdfast/shared/domain';
import { type ProgramEnd, judgeDump, startProgram } from '../process/index.ts';
import { firstLine, trailer, trailerBytes, type Defaults } from './archive.ts';
import type { Client } from './clients.ts';
import type { MysqlContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { journalTable } from './names.ts';
import { programConnection } from './program.ts';

const usual = [
  '--single-transaction',
  '--skip-lock-tables',
  '--quick',
  '--hex-blob',
  '--complete-insert',
  '--no-tablespaces',
  '--routines',
  '--triggers',
];

/** Starts the dump program; the stream ends only after it exited 0 and its output was whole. */
export async function startDump(
  client: Client,
  connection: Connection,
  defaults: Defaults,
  context: MysqlContext,
  more: readonly string[] = [],
): Promise<Readable> {
  const { flavour, signal } = context;
  const { database } = connection;
  const { args, env, dispose } = await programConnection(flavour, connection);
  try {
    const program = startProgram({
      program: client.path,
      args: [
        ...args,
        ...usual,
        flavour.eventlessNames.test(database) ? '--skip-events' : '--events',
        ...flavour.dumpArgs,
        ...more,
        `--ignore-table=${database}.${journalTable}`,
        '--',
        database,
      ],
      env,
      secrets: connection.password ? [connection.password] : [],
      signal,
      // Told to go on after an error, it says at its end that there was one.
      judge: (end) => (more.includes('--force') && end.code === 2 ? null : judge(client.name, end, connection)),
    });
    program.stdin.end();
    void program.ended.then(dispose);
    return whole(program.stdout, client.name, defaults, connection);
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What the program wrote, our first line before it. An output that does not end with the program's own trailer fails. */
function whole(output: Readable, name: string, defaults: Defaults, connection: Connection): Readable {
  let tail: Buffer | null = null;
  const guard = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      // Not before: whoever hears of the first byte may take it for the program's.
      if (tail === null) guard.push(firstLine(defaults));
      tail = Buffer.concat([tail ?? chunk.subarray(0, 0), chunk.subarray(-trailerBytes)]).subarray(-trailerBytes);
      done(null, chunk);
    },
    flush: (done) => {
      if (trailer.test(tail?.toString('utf8') ?? '')) done();
      else
        done(
          failure('dump_failed', `${name} exited 0, but what it wrote does not end as a whole dump does`, connection),
        );
    },
  });
  // Whoever reads later still gets the error: the stream keeps it.
  guard.on('error', () => undefined);
  pipeline(output, guard, () => undefined);
  return guard;
}

function judge(name: string, end: ProgramEnd, connection: Connection): HoldfastError | null {
  // It checks some of its statements without a word: that is how it ends when it finds the connection gone.
  if (end.code === 2 && end.stderr === '')
    return failure('connection_lost', `${name} ended without a word`, connection);
  return judgeDump(name, end, connection, { failure, fromProgram });
}
