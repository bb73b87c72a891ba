import { createHash } from 'node:crypto';
import type { ProbeStep } from '../probe.ts';
import type { S3Requests } from './requests.ts';

const cleanUpMs = 5000;

/** Tries the upload in parts that every larger backup is: a single part may have any size. */
export function partsProbe(requests: S3Requests): ProbeStep {
  return {
    what: 'Uploading in parts failed, which every larger backup needs',
    run: async (key, signal) => {
      const body = Buffer.from('Written by Holdfast to test uploads in parts; may be removed.');
      const md5 = createHash('md5').update(body).digest();
      const upload = { key, ...(await requests.createUpload(key, 'text/plain', signal)) };
      try {
        const part = await requests.uploadPart(upload, 1, body, md5, signal);
        await requests.completeUpload(upload, [part], signal);
      } catch (error) {
        await requests.abortUpload(upload, AbortSignal.timeout(cleanUpMs)).catch(() => undefined);
        throw error;
      }
    },
  };
}
