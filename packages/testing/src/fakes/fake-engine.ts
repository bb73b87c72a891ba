import { Readable } from 'node:stream';
import type {
  Connection,
  Dump,
  Engine,
  EngineContext,
  EngineGlobals,
  ProbeReport,
  RestoreReport,
  RestoreRequest,
} from '@holdfast/shared/domain';
import { pieces } from './memory-store.ts';

const tool = { name: 'fake_dump', version: '1.0' };

/** An engine whose database is one buffer. */
export class FakeEngine implements Engine {
  readonly type = 'postgresql';
  readonly format = 'fake';
  content: Buffer;
  /** What the globals of its server are. */
  roles = Buffer.from('CREATE ROLE somebody;\n');
  /** The globals that restores have finished with, in order. */
  readonly restoredRoles: Buffer[] = [];
  /** What a restore has finished with; null until one did. */
  restored: Buffer | null = null;
  /** Bytes that restores were given, finished or not. */
  received = 0;
  /** Ids of restores that were cleaned up, in order. */
  readonly cleaned: string[] = [];
  /** Makes the dump's bytes. */
  produce: (content: Buffer, context: EngineContext) => Readable = (content) =>
    Readable.from(pieces(content, 65_536), { objectMode: false });
  /** Called with each chunk that a restore reads; what it throws fails the restore. */
  onChunk: (signal: AbortSignal) => Promise<void> | void = () => undefined;

  constructor(content: Buffer) {
    this.content = content;
  }

  globals: EngineGlobals = {
    format: 'fake-roles',
    dump: async (_connection, { signal }) => {
      signal.throwIfAborted();
      const stream = Readable.from([this.roles], { objectMode: false });
      return { stream, fileName: 'roles.fake', format: 'fake-roles', tool, serverVersion: '1', estimatedBytes: null };
    },
    restore: async (_connection, input, { signal }) => {
      const chunks: Buffer[] = [];
      for await (const chunk of input) chunks.push(chunk as Buffer);
      signal.throwIfAborted();
      this.restoredRoles.push(Buffer.concat(chunks));
      return { serverVersion: '1', outcome: 'The roles are there.' };
    },
  };

  async probe(): Promise<ProbeReport> {
    return { serverVersion: '1', sizeBytes: this.content.length, tables: 1, missingPrivileges: [], tool };
  }

  async dump(_connection: Connection, context: EngineContext): Promise<Dump> {
    context.signal.throwIfAborted();
    return {
      stream: this.produce(this.content, context),
      fileName: 'dump.fake',
      format: this.format,
      tool,
      serverVersion: '1',
      estimatedBytes: this.content.length,
    };
  }

  async restore(
    connection: Connection,
    request: RestoreRequest,
    input: Readable,
    { signal }: EngineContext,
  ): Promise<RestoreReport> {
    const chunks: Buffer[] = [];
    for await (const chunk of input) {
      signal.throwIfAborted();
      chunks.push(chunk as Buffer);
      this.received += (chunk as Buffer).length;
      await this.onChunk(signal);
    }
    signal.throwIfAborted();
    this.restored = Buffer.concat(chunks);
    const database = request.target.mode === 'in_place' ? connection.database : request.target.database;
    return { tool, serverVersion: '1', database, outcome: `${database} holds the backup.` };
  }

  /** What an earlier attempt of a restore is found to have done. */
  found: string | null = null;

  async findRestored(): Promise<string | null> {
    return this.found;
  }

  async cleanUpRestore(_connection: Connection, restoreId: string): Promise<void> {
    this.cleaned.push(restoreId);
  }
}
