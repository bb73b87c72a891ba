import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  reaches,
  verificationLevels,
  type Finding,
  type Verdict,
  type VerificationLevel,
} from '@holdfast/shared/domain';
import { keyMissing } from '../codecs/age.ts';
import { canOpen, isEncrypted, keysFor } from '../keys.ts';
import { readManifest } from '../manifest.ts';
import { readDecoded, readStored } from './files.ts';
import { progressOf, type VerificationRun } from './verification-run.ts';
import { damageOf, findingOf, isSuspicious, twice } from './suspicion.ts';

/** Proves that all objects are there as they were stored and, where that was asked for, that they decode to their end. */
export async function proveBytes(run: VerificationRun): Promise<Verdict & { manifest: Manifest | null }> {
  let manifest: Manifest;
  try {
    manifest = await twice(() => trustedManifest(run));
  } catch (error) {
    run.signal.throwIfAborted();
    if (!isSuspicious(error)) throw error;
    return { manifest: null, ...lost(error) };
  }
  const onBytes = progressOf(run, manifest);
  const known = { ...run, keys: keysFor(manifest, run.keys) };
  let before = 0;
  const proofs: Verdict[] = [];
  for (const file of manifest.files) {
    let read = 0;
    const counted = (soFar: number): void => {
      read = soFar;
      onBytes(before)(soFar);
    };
    proofs.push(await proveFile(known, file, counted));
    before += read;
  }
  return { manifest, ...weakest(proofs) };
}

/** The manifest, when it is the one that was written for this backup and names the files that the catalogue has. */
async function trustedManifest({ backup, files, store, signal }: VerificationRun): Promise<Manifest> {
  const { manifestKey, manifestSha256 } = backup;
  if (manifestKey === null) throw new HoldfastError('object_missing', 'The backup has no manifest.');
  const manifest = await readManifest(store, manifestKey, signal, manifestSha256);
  if (manifest.backupId !== backup.id) {
    throw new HoldfastError('integrity', `The manifest ${manifestKey} belongs to another backup.`);
  }
  const told = new Map(manifest.files.map((file) => [file.key, file.stored]));
  const other = files.find(({ key, size, checksum }) => {
    const stored = told.get(key);
    return stored?.size !== size || !Object.entries(stored).some(([type, digest]) => `${type}:${digest}` === checksum);
  });
  if (other) {
    throw new HoldfastError(
      'integrity',
      `The manifest ${manifestKey} tells of ${other.key} what the catalogue does not.`,
    );
  }
  return manifest;
}

async function proveFile(run: VerificationRun, file: ManifestFile, onBytes: (soFar: number) => void): Promise<Verdict> {
  const { signal, verification } = run;
  if (!reaches(verification.level, 'readable')) {
    const stored = await proveStored(run, file, onBytes);
    return stored.reached === null ? stored : { ...stored, findings: await keyFindings(run, file) };
  }
  try {
    await readDecoded(run, file, onBytes);
    return proven('readable');
  } catch (error) {
    signal.throwIfAborted();
    const finding = isSuspicious(error) ? null : findingOf(error);
    const stored = await proveStored(run, file, onBytes);
    if (stored.reached === null) return stored;
    // No key, or no client: the bytes are as they were stored, and nobody here can say more.
    if (finding) return { ...proven('stored'), findings: [finding] };
  }
  try {
    await readDecoded(run, file, onBytes);
    return proven('readable');
  } catch (error) {
    signal.throwIfAborted();
    if (!isSuspicious(error)) throw error;
    return { reached: 'stored', findings: [error.toPublic()], damage: { state: 'unfaithful', detail: error.message } };
  }
}

/** Says of an encrypted file, by its header, that no key here opens it. */
async function keyFindings({ store, keys, signal }: VerificationRun, file: ManifestFile): Promise<Finding[]> {
  if (!isEncrypted(file) || (await canOpen(store, file, keys, signal)) !== null) return [];
  return [keyMissing(keys).toPublic()];
}

async function proveStored(
  run: VerificationRun,
  file: ManifestFile,
  onBytes: (soFar: number) => void,
): Promise<Verdict> {
  try {
    await twice(() => readStored(run, file, onBytes));
    return proven('stored');
  } catch (error) {
    run.signal.throwIfAborted();
    if (!isSuspicious(error)) throw error;
    return lost(error);
  }
}

const lost = (error: HoldfastError): Verdict => ({
  reached: null,
  findings: [error.toPublic()],
  damage: damageOf(error),
});
const proven = (reached: VerificationLevel): Verdict => ({ reached, findings: [], damage: null });

/** A backup is proven as far as the least proven of its files. */
function weakest(proofs: readonly Verdict[]): Verdict {
  const ranks = proofs.map(({ reached }) => (reached === null ? -1 : verificationLevels.indexOf(reached)));
  const findings = new Map<string, Finding>(proofs.flatMap((proof) => proof.findings).map((one) => [one.message, one]));
  return {
    reached: verificationLevels[Math.min(...ranks)] ?? null,
    findings: [...findings.values()],
    damage: proofs.find(({ damage }) => damage !== null)?.damage ?? null,
  };
}
