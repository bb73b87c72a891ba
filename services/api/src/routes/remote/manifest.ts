import { manifestText, readManifest } from '@holdfast/pipeline';
import { storedManifestSchema, type Manifest } from '@holdfast/shared/contracts';
import type { ApiDeps } from '../../deps.ts';
import { forbidden, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { withStore } from '../databases/archive.ts';
import { isDecrypted } from '../encrypted.ts';
import { linkQuery, openedBy } from '../links.ts';
import { absent, remoteDialect as dialect } from './dialect.ts';
import { inTime } from './store.ts';

export const manifestRoute = route({
  method: 'GET',
  path: '/api/remote/backups/:backup/manifest',
  dialect,
  scope: null,
  summary: 'The manifest of a backup. The token in the link is the permission, until it expires.',
  answers: 200,
  query: linkQuery,
  response: storedManifestSchema,
  otherwise: { 403: 'The link is not valid or has expired.' },
  handler: async (call) => {
    const { deps, params } = call;
    const { fileId } = openedBy(call, params.backup);
    if (fileId !== 'manifest') throw forbidden('This link opens a file of the backup, not its manifest.');
    const backup = await deps.persistence.backups.find(params.backup);
    const manifestKey = backup?.deletionRequestedAt === null ? backup.manifestKey : null;
    if (!backup || manifestKey === null) throw notFound(absent);
    const manifest = await withStore(deps, backup, (store) =>
      inTime((signal) => readManifest(store, manifestKey, signal, backup.manifestSha256)),
    );
    const sent = (await isDecrypted(deps, backup)) ? withoutEncryption(manifest) : manifest;
    return storedManifestSchema.parse(JSON.parse(manifestText(sent)));
  },
});

/** Describes what comes down where the encryption is taken off on the way. */
function withoutEncryption(manifest: Manifest): Manifest {
  const files = manifest.files.map((file) => ({
    ...file,
    codecs: file.codecs.filter((codec) => codec !== 'age'),
    unencrypted: null,
    stored: file.unencrypted ?? file.stored,
  }));
  return { ...manifest, recipients: null, files };
}

/** The path and query of our own answer with a manifest, for stores whose objects have no links of their own. */
export function manifestPath({ clock, linkSigner }: ApiDeps, backupId: string, expiresInSeconds: number): string {
  const expires = Math.floor(clock.now().getTime() / 1000 + expiresInSeconds);
  return `/api/remote/backups/${backupId}/manifest?token=${linkSigner.sign({ backupId, fileId: 'manifest', expires })}`;
}
