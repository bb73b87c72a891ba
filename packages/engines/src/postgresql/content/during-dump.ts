import type { Connection, ContentLevel, ContentManifest } from '@holdfast/shared/domain';
import type { PostgresContext } from '../context.ts';
import type { DumpProgram } from '../dump-program.ts';
import type { PartConditions } from '../part/conditions.ts';
import type { Session } from '../session.ts';
import { algorithm } from './digests.ts';
import { measure } from './measure.ts';
import { exportSnapshot, openMeasuring, within, type ExportedSnapshot } from './snapshot.ts';
import { readNeeds } from './needs.ts';
import { readSequences, sequenceItems } from './sequences.ts';

export interface ContentWish {
  level: ContentLevel;
  /** What the measuring may take. */
  seconds: number;
  /** What the dump holds. */
  conditions: PartConditions;
}

/** A snapshot that is held open for a dump, and what measures in it. */
export interface ContentOfDump {
  /** What `pg_dump --snapshot` takes; null where the server could give none, which the content manifest then says. */
  snapshot: string | null;
  /**
   * Measures as soon as the program holds its locks, so that no table can be truncated between the two, and ends after it.
   * Fails only when the program does.
   */
  measureBeside(program: DumpProgram): Promise<ContentManifest>;
  close(): Promise<void>;
}

const kindsOf = ({ conditions: { kinds } }: ContentWish): string[] | null => (kinds.length === 0 ? null : kinds);

const empty = (wish: ContentWish): ContentManifest => {
  const kinds = kindsOf(wish);
  return { version: 1, level: wish.level, algorithm, ...(kinds && { kinds }), items: [], missing: [] };
};

/**
 * Opens the snapshot for a dump and sees that another session can take it.
 * @throws the signal's reason
 */
export async function contentOfDump(
  connection: Connection,
  wish: ContentWish,
  context: PostgresContext,
): Promise<ContentOfDump> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const options = { ...context, signal, fallback: 'dump_failed' } as const;
  const open = (): Promise<Session> => openMeasuring(connection, options);
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((one) => one.close()));
  };
  try {
    const session = await open();
    opened.push(session);
    if (session.server.major < oldestMajor) {
      throw new Error(`the server is PostgreSQL ${session.server.version}, older than ${oldestMajor}`);
    }
    const { positions: before } = await readSequences(session, wish.conditions);
    const needs = await readNeeds(session);
    const exported: ExportedSnapshot = await exportSnapshot(connection, options);
    opened.push(exported);
    const snapshot = exported.id;
    await within(session, snapshot, null, async () => undefined);

    const measureAll = async (program: DumpProgram): Promise<ContentManifest> => {
      const manifest = { ...empty(wish), needs };
      await Promise.race([program.begun, program.ended]);
      const until = performance.now() + wish.seconds * 1000;
      const left = (): number => (until - performance.now()) / 1000;
      const measuring = { ...wish, kinds: kindsOf(wish), snapshot, shares: null, left, signal, open };
      const { items, missing } = await measure(measuring, session);
      manifest.items.push(...items);
      manifest.missing.push(...missing.map(({ message }) => message));
      await program.ended;
      try {
        const { positions: after, increments } = await readSequences(session, wish.conditions);
        manifest.items.push(...sequenceItems(before, after, increments));
      } catch (error) {
        manifest.missing.push(sentence('The sequences were', error));
      }
      return manifest;
    };
    const measureBeside = async (program: DumpProgram): Promise<ContentManifest> => {
      void program.ended.then((error) => error !== null && ended.abort(error));
      const measured = measureAll(program).catch((error: unknown) => failed(wish, error));
      try {
        const manifest = await measured;
        const error = await program.ended;
        if (error !== null) throw error;
        return manifest;
      } finally {
        await close();
      }
    };
    return { snapshot, measureBeside, close };
  } catch (error) {
    await close();
    context.signal.throwIfAborted();
    const manifest = failed(wish, error);
    return { snapshot: null, measureBeside: async () => manifest, close };
  }
}

/** The oldest server whose texts are those of all newer ones. */
const oldestMajor = 14;

function failed(wish: ContentWish, error: unknown): ContentManifest {
  return { ...empty(wish), missing: [sentence('The content was', error)] };
}

function sentence(what: string, error: unknown): string {
  const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  return `${what} not measured, because of this: ${why}.`;
}
