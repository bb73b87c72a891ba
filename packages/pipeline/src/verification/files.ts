import type { Readable } from 'node:stream';
import type { ManifestFile } from '@holdfast/shared/contracts';
import type { Engine, EngineContext } from '@holdfast/shared/domain';
import { feedEngine, type Feeding } from '../feed-engine.ts';
import { asStored } from '../read-file.ts';

interface Reading extends Feeding {
  engine: Engine | null;
}

type OnBytes = (soFar: number) => void;
type Reader = (input: Readable, context: EngineContext) => Promise<void>;

/** Reads a stored object in full and compares its size and digest. @throws HoldfastError integrity, object_missing */
export async function readStored(run: Reading, file: ManifestFile, onBytes: OnBytes): Promise<void> {
  await feedEngine(run, asStored(file), drain, onBytes);
}

/**
 * Reads a stored object once: compares all sizes and digests, and lets the engine's own client decode it to its end.
 * @throws HoldfastError integrity, object_missing
 */
export async function readDecoded(run: Reading, file: ManifestFile, onBytes: OnBytes): Promise<void> {
  await feedEngine(run, file, readerOf(run.engine, file) ?? drain, onBytes);
}

function readerOf(engine: Engine | null, { role, format }: ManifestFile): Reader | null {
  if (role === 'dump' && engine?.format === format) return (input, context) => engine.checkReadable(input, context);
  const globals = engine?.globals;
  if (role === 'globals' && globals?.format === format)
    return (input, context) => globals.checkReadable(input, context);
  return null;
}

async function drain(input: Readable): Promise<void> {
  for await (const chunk of input) void chunk;
}
