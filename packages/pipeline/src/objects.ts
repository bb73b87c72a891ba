import { Readable } from 'node:stream';
import { HoldfastError, type ObjectStore, type PutOptions } from '@holdfast/shared/domain';

/**
 * Stores a small text and reads it back.
 * @throws HoldfastError upload_unverified when the store gives back anything else
 */
export async function putText(store: ObjectStore, key: string, text: string, options: PutOptions): Promise<void> {
  const bytes = Buffer.from(text);
  await store.put(key, Readable.from([bytes], { objectMode: false }), options);
  const kept = await getBytes(store, key, bytes.length, options.signal);
  if (!kept?.equals(bytes)) {
    throw new HoldfastError('upload_unverified', `The store gave back another content of ${key} than it was sent.`);
  }
}

/** @returns the first bytes of an object. @throws HoldfastError object_missing */
export async function getStart(store: ObjectStore, key: string, length: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const range = { start: 0, end: length - 1 };
  for await (const chunk of await store.get(key, { signal, range })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** @returns the whole object, or null when it is longer than `limit` bytes. @throws HoldfastError object_missing */
export async function getBytes(
  store: ObjectStore,
  key: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of await store.get(key, { signal })) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > limit) return null;
  }
  return Buffer.concat(chunks);
}
