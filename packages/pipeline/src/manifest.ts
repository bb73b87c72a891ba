import { createHash } from 'node:crypto';
import { manifestSchema, manifestVersion, type Manifest } from '@holdfast/shared/contracts';
import {
  databaseNameOf,
  engineTypes,
  HoldfastError,
  manifestName,
  type Backup,
  type ObjectStore,
  type PutOptions,
} from '@holdfast/shared/domain';
import { getBytes, putText } from './objects.ts';

const largestManifest = 4 * 1024 * 1024;

/** What stands before and behind the digest that ends a manifest: the last two lines of its text. */
const beforeDigest = '  "sha256": "';
const behindDigest = '"\n}\n';
const digestDigits = 64;
const closingLength = beforeDigest.length + digestDigits + behindDigest.length;
const closing = new RegExp(`^${beforeDigest}([0-9a-f]{${digestDigits}})${behindDigest}$`);

/** A manifest as it was stored. */
export interface StoredManifest {
  key: string;
  /** SHA-256 of its whole text, hex. */
  sha256: string;
}

/** The folder of a manifest: every file of the backup lies in it. */
function folderOf(manifestKey: string): string {
  return manifestKey.slice(0, -manifestName.length);
}

const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The text of `manifest.json`. Its last property, in a line of its own, is the digest of everything before that line, so that
 * `head -n -2 manifest.json | sha256sum` shows it.
 */
export function manifestText(manifest: Manifest): string {
  const whole = JSON.stringify(manifestSchema.parse(manifest), null, 2);
  const body = `${whole.slice(0, -'\n}'.length)},\n`;
  return `${body}${beforeDigest}${sha256Of(body)}${behindDigest}`;
}

/** What a manifest says of where its backup comes from. */
export function lineageOf(backup: Backup): Manifest['lineage'] {
  const { method, scheduleId, scheduledFor, createdAt } = backup;
  return {
    databaseName: databaseNameOf(backup),
    method,
    scheduleId,
    scheduledFor: scheduledFor?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

/** Writes the manifest, which makes the backup whole, and reads it back. */
export async function writeManifest(
  store: ObjectStore,
  prefix: string,
  manifest: Manifest,
  options: Pick<PutOptions, 'signal' | 'retention'>,
): Promise<StoredManifest> {
  const key = prefix + manifestName;
  const text = manifestText(manifest);
  await putText(store, key, text, { ...options, contentType: 'application/json' });
  return { key, sha256: sha256Of(text) };
}

/**
 * Reads a manifest and checks that not one byte of it was changed, that it can be understood, and that its files lie beside
 * it.
 * @param expectedSha256 of its whole text, where a record says it; null: its own digest alone is compared
 * @throws HoldfastError object_missing; integrity; configuration, when a newer version has written it
 */
export async function readManifest(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
  expectedSha256: string | null = null,
): Promise<Manifest> {
  return (await readStoredManifest(store, key, signal, expectedSha256)).manifest;
}

/** The same, with the digest of its whole text. */
export async function readStoredManifest(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
  expectedSha256: string | null = null,
): Promise<StoredManifest & { manifest: Manifest }> {
  const bytes = await getBytes(store, key, largestManifest, signal);
  if (!bytes) throw damaged(key, `it has more than ${largestManifest} bytes`);
  const manifest = parseManifest(bytes, key);
  const sha256 = sha256Of(bytes);
  if (expectedSha256 !== null && sha256 !== expectedSha256) {
    throw new HoldfastError(
      'integrity',
      `The manifest ${key} was replaced: it is whole, but not the one that was written for this backup.`,
    );
  }
  const folder = folderOf(key);
  const stray = manifest.files.find((file) => file.key !== folder + file.name || !isPlainName(file.name));
  if (stray) {
    throw new HoldfastError('integrity', `The manifest ${key} names a file outside its folder: ${stray.key}.`);
  }
  return { key, sha256, manifest };
}

/**
 * Reads the text of a manifest.
 * @param where names it in messages
 * @throws HoldfastError integrity; configuration, when a newer version has written it
 */
export function parseManifest(text: Buffer, where: string): Manifest {
  const [, promised] = closing.exec(text.toString('latin1', Math.max(0, text.length - closingLength))) ?? [];
  if (promised === undefined) throw damaged(where, 'it does not end with its digest');
  const body = text.subarray(0, -closingLength);
  if (sha256Of(body) !== promised) throw damaged(where, 'its content does not have the digest that it ends with');
  const content = parseJson(`${body.toString('utf8').replace(/,\n$/, '')}}`);
  const version = versionOf(content);
  if (version > manifestVersion) {
    throw new HoldfastError(
      'configuration',
      `The manifest ${where} is of version ${version}, and this Holdfast reads up to ${manifestVersion}: use a newer one.`,
    );
  }
  const engine = unknownEngineOf(content);
  if (engine !== null) {
    throw new HoldfastError(
      'configuration',
      `The manifest ${where} is of a backup of the kind "${engine}", which this Holdfast does not know: use a newer one.`,
    );
  }
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw damaged(where, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not readable'}`);
}

const damaged = (where: string, why: string): HoldfastError =>
  new HoldfastError('integrity', `The manifest ${where} is damaged: ${why}.`);

/** A name becomes a file's, wherever the backup is downloaded to. */
const isPlainName = (name: string): boolean => /^[^/\\\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..';

function versionOf(content: unknown): number {
  const found = typeof content === 'object' && content !== null && 'version' in content ? content.version : 0;
  return typeof found === 'number' ? found : 0;
}

/** The kind of database that a newer version has backed up; null where it is one that we know, or none at all. */
function unknownEngineOf(content: unknown): string | null {
  const found = typeof content === 'object' && content !== null && 'engine' in content ? content.engine : null;
  if (typeof found !== 'string' || !/^[\w-]{1,63}$/.test(found)) return null;
  return engineTypes.some((known) => known === found) ? null : found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
