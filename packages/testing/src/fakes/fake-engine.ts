import { Readable } from 'node:stream';
import type {
  BackupPart,
  Connection,
  ContentManifest,
  Dump,
  DumpOptions,
  Engine,
  EngineContext,
  EngineGlobals,
  HoldfastError,
  PreflightFinding,
  ProbeReport,
  RestoreReport,
  RestoreRequest,
  RestoreSubject,
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
  /** What restores were asked for, in order. */
  readonly requests: RestoreRequest[] = [];
  /** What looks before restores were told of backups. */
  readonly subjects: RestoreSubject[] = [];
  /** Ids of restores that were cleaned up, in order. */
  readonly cleaned: string[] = [];
  /** Makes the dump's bytes. */
  produce: (content: Buffer, context: EngineContext) => Readable = (content) =>
    Readable.from(pieces(content, 65_536), { objectMode: false });
  /** The part of its database that a dump is of; null: the whole. */
  part: BackupPart | null = null;
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
    checkReadable: async (input) => {
      for await (const chunk of input) void chunk;
    },
    restore: async (_connection, input, { signal }) => {
      const chunks: Buffer[] = [];
      for await (const chunk of input) chunks.push(chunk as Buffer);
      signal.throwIfAborted();
      this.restoredRoles.push(Buffer.concat(chunks));
      return { serverVersion: '1', outcome: 'The roles are there.' };
    },
    preflight: async (_connection, input) => {
      for await (const chunk of input) void chunk;
      const message = 'Somebody may log in.';
      return { findings: [{ severity: 'warning', code: 'roles', message }], roles: ['somebody'] };
    },
  };

  async probe(): Promise<ProbeReport> {
    return { serverVersion: '1', sizeBytes: this.content.length, tables: 1, missingPrivileges: [], tool };
  }

  async dump(_connection: Connection, context: EngineContext, options?: DumpOptions): Promise<Dump> {
    context.signal.throwIfAborted();
    return {
      stream: this.produce(this.content, context),
      fileName: 'dump.fake',
      format: this.format,
      tool,
      serverVersion: '1',
      estimatedBytes: this.content.length,
      ...(this.part && { part: this.part }),
      ...(options?.content && this.measured && { content: Promise.resolve(this.measured) }),
    };
  }

  async restore(
    connection: Connection,
    request: RestoreRequest,
    input: Readable,
    { signal }: EngineContext,
  ): Promise<RestoreReport> {
    this.requests.push(request);
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
    const former = request.keepFormer === true ? { former: `${database}_former` } : {};
    return { tool, serverVersion: '1', database, ...former, outcome: `${database} holds the backup.` };
  }

  /** Why its own client cannot decode a dump; null when it can. */
  unreadable: HoldfastError | null = null;
  /** Bytes that its client decoded to their end, for each dump. */
  readonly checked: number[] = [];

  async checkReadable(input: Readable): Promise<void> {
    let bytes = 0;
    for await (const chunk of input) bytes += (chunk as Buffer).length;
    if (this.unreadable) throw this.unreadable;
    this.checked.push(bytes);
  }

  /** What a dump finds that the database holds; null where it does not measure. */
  measured: ContentManifest | null = null;
  /** What the database is found to hold. */
  contents: ContentManifest = { version: 1, level: 'full', algorithm: 'fake', items: [], missing: [] };
  /** What a look before a restore finds. */
  findings: PreflightFinding[] = [];
  /** Ids of restores that were undone, and whose former content or new database was dropped, in order. */
  readonly undone: string[] = [];
  /** Called with each undoing; what it throws fails it. */
  onUndo: (undoId: string) => Promise<void> | void = () => undefined;
  readonly dropped: string[] = [];

  async readContent(): Promise<ContentManifest> {
    return this.contents;
  }

  async preflight(
    _connection: Connection,
    _request: RestoreRequest,
    subject: RestoreSubject,
  ): Promise<PreflightFinding[]> {
    this.subjects.push(subject);
    return this.findings;
  }

  async undoRestore({ database }: Connection, restoreId: string, undoId: string): Promise<string> {
    await this.onUndo(undoId);
    this.undone.push(restoreId);
    return `${database} holds its former content.`;
  }

  async dropFormer(_connection: Connection, restoreId: string): Promise<void> {
    this.dropped.push(restoreId);
  }

  async dropRestored(_connection: Connection, { restoreId }: RestoreRequest): Promise<void> {
    this.dropped.push(restoreId);
  }

  /** What an earlier attempt of a restore is found to have done. */
  found: string | null = null;

  async findRestored(): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
    return this.found === null ? null : { outcome: this.found };
  }

  async cleanUpRestore(_connection: Connection, restoreId: string): Promise<void> {
    this.cleaned.push(restoreId);
  }
}
