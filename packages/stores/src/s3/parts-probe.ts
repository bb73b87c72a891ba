import { createHash } from 'node:crypto';
import type { ProbeStep } from '../probe.ts';
import type { StoreAccess } from './upload.ts';

const cleanUpMs = 5000;

/** Tries the upload in parts that every larger backup is: a single part may have any size. */
export function partsProbe({ requests, removals }: StoreAccess): ProbeStep {
  /** The key is the probe's own. An answer that was lost may have left an upload whose id never came. */
  const removeUploads = async (key: string): Promise<void> => {
    const signal = AbortSignal.timeout(cleanUpMs);
    for await (const upload of requests.listUploads(key, signal)) await removals.abortUpload(upload, signal);
  };
  return {
    what: 'Uploading in parts failed, which every larger backup needs',
    run: async (key, signal) => {
      const body = Buffer.from('Written by Holdfast to test uploads in parts; may be removed.');
      const md5 = createHash('md5').update(body).digest();
      let whole = false;
      try {
        const { uploadId, retried } = await requests.createUpload(key, { contentType: 'text/plain' }, signal);
        const upload = { key, uploadId };
        const part = await requests.uploadPart(upload, 1, body, md5, signal);
        await requests.completeUpload(upload, [part], signal);
        whole = !retried;
      } finally {
        if (!whole) await removeUploads(key).catch(() => undefined);
      }
    },
  };
}
