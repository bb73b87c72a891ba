import type { FoundBackup } from '@holdfast/persistence';
import type { StoredManifest } from '@holdfast/pipeline';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  attemptPrefix,
  HoldfastError,
  isPath,
  manifestName,
  noDatabaseName,
  type BackupFile,
  type BackupPart,
} from '@holdfast/shared/domain';

const longestName = 63;
const longestPath = 1024;
const oldest = new Date('1970-01-01T00:00:00Z').getTime();

/**
 * What a manifest says, as the catalogue's rows have it. A bucket may hold manifests that others wrote: what a row cannot
 * hold, or a client program would read as something else, is refused.
 * @throws HoldfastError integrity
 */
export function foundBackup({
  key,
  sha256,
  manifest,
}: StoredManifest & { manifest: Manifest }): Omit<FoundBackup, 'damage'> {
  const { lineage } = manifest;
  const backup = {
    id: manifest.backupId,
    databaseId: manifest.databaseId,
    scheduleId: lineage.scheduleId,
    scheduledFor: lineage.scheduledFor === null ? null : instant(lineage.scheduledFor),
    method: lineage.method,
    name: plain(manifest.name),
    createdAt: instant(lineage.createdAt),
    manifestKey: key,
    manifestSha256: sha256,
    recipients: manifest.recipients?.map(plain) ?? null,
    warnings: manifest.warnings?.map(plain) ?? [],
    part: manifest.part ? plainPart(manifest.part) : null,
    // The store's own lock is found out when somebody wants to remove its objects.
    objectLockedUntil: null,
    startedAt: instant(manifest.startedAt),
    completedAt: instant(manifest.completedAt),
    attempt: manifest.attempt,
  };
  const proper = attemptPrefix(backup, backup.attempt) + manifestName;
  if (key !== proper) throw refused(`it belongs to ${proper}, by the ids in it`);
  if (!(backup.attempt <= 999_999_999)) throw refused('its attempt is no number that a folder can have');
  const files = manifest.files.map((file) => fileOf(backup.id, file));
  const bytes = files.reduce((total, { size, plainSize }) => total + Math.max(size, plainSize ?? 0), 0);
  if (!Number.isSafeInteger(bytes)) throw refused('its sizes are none that files can have');
  for (const values of [files.map(({ id }) => id), files.map(({ key: of }) => of)]) {
    if (new Set(values).size < values.length) throw refused('it names a file twice');
  }
  const database = plain(manifest.database);
  const isWhere = isPath(manifest.engine) && database.startsWith('/');
  const isName = Buffer.byteLength(database) <= longestName && !noDatabaseName.test(database);
  if (isWhere ? Buffer.byteLength(database) > longestPath : !isName) {
    throw refused('the name of its database is none that client programs read as a name');
  }
  return { backup, engine: manifest.engine, databaseName: registeredName(lineage.databaseName), database, files };
}

function fileOf(
  backupId: string,
  { id, role, name, key, plain: content, unencrypted, stored }: ManifestFile,
): BackupFile {
  const { size, ...digest } = stored;
  const [[type, hex] = ['', '']] = Object.entries(digest);
  return {
    id,
    backupId,
    role,
    name: plain(name),
    key,
    size,
    checksum: `${type}:${hex}`,
    unencryptedSize: unencrypted?.size ?? null,
    unencryptedSha256: unencrypted?.sha256 ?? null,
    plainSize: content?.size ?? null,
    plainSha256: content?.sha256 ?? null,
  };
}

/** Such a name stands in paths beside ids: what could not be registered by hand is changed. */
function registeredName(name: string): string {
  const clean = Array.from(plain(name).replaceAll('/', '-').trim()).slice(0, longestName).join('').trim();
  const isOdd = clean === '' || clean === '.' || clean === '..' || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-/i.test(clean);
  return isOdd ? `imported ${clean}`.trim() : clean;
}

function plainPart(part: BackupPart): BackupPart {
  for (const names of [part.include, part.exclude].flatMap((lists) => Object.values(lists ?? {})))
    names?.forEach(plain);
  return part;
}

function plain(text: string): string {
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) throw refused('a name in it has characters that no name has');
  return text;
}

function instant(text: string): Date {
  const at = new Date(text);
  if (!(at.getTime() >= oldest)) throw refused(`it has the time ${text}`);
  return at;
}

const refused = (why: string): HoldfastError =>
  new HoldfastError('integrity', `The manifest cannot be taken over: ${why}.`);
