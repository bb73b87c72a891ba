import { HoldfastError } from '@holdfast/shared/domain';
import type { RemoteApi, UploadedPart, UploadLinks } from '../api.ts';
import { Refused } from '../http/errors.ts';
import { persist, type Persistence } from '../http/persist.ts';
import { readBody, send, type FilePart } from '../http/send.ts';

/** What clients of these archives look for when they restore. */
const contentType = 'application/x-gzip';
/** An upload whose links have expired is begun anew so many times. */
const beginnings = 3;

export interface UploadOptions extends Persistence {
  api: RemoteApi;
  backupId: string;
}

/**
 * Uploads a file part by part. A part that failed for a passing reason is read from the file again and sent again. Links
 * that are no longer good are replaced, and the upload then starts anew.
 * @returns what the store answered for each part, in order
 */
export async function upload(file: { path: string; size: number }, options: UploadOptions): Promise<UploadedPart[]> {
  const { api, backupId, signal, logger } = options;
  for (let beginning = 1; ; beginning += 1) {
    const links = await persist('asking for upload links', options, () => api.uploadLinks(backupId, file.size, signal));
    try {
      return await uploadTo(links, file, options);
    } catch (error) {
      if (!isExpired(error) || beginning === beginnings) throw error;
      logger.warn({ reason: error.message }, 'the upload links are no longer good: the upload starts anew');
    }
  }
}

async function uploadTo(
  { parts: links, part_size: partSize }: UploadLinks,
  { path, size }: { path: string; size: number },
  options: UploadOptions,
): Promise<UploadedPart[]> {
  if (links.length !== Math.ceil(size / partSize)) {
    throw new HoldfastError(
      'store_failed',
      `The service gave ${links.length} links of ${partSize} bytes for an archive of ${size} bytes.`,
    );
  }
  const uploaded: UploadedPart[] = [];
  for (const [index, link] of links.entries()) {
    const start = index * partSize;
    const part = { path, start, size: Math.min(partSize, size - start) };
    const number = index + 1;
    const etag = await persist(`the upload of part ${number} of ${links.length}`, options, () =>
      put(new URL(link), part, options),
    );
    uploaded.push({ etag, part_number: number });
  }
  return uploaded;
}

/** @returns the ETag with its quotes */
async function put(url: URL, body: FilePart, { signal, pace }: UploadOptions): Promise<string> {
  const headers = { 'content-type': contentType };
  const response = await send({ method: 'PUT', url, headers, body, signal, idleSeconds: pace.idleSeconds });
  await readBody(response, 65_536);
  const { etag } = response.headers;
  if (!etag) throw new HoldfastError('store_failed', `${url.origin} took a part without giving an ETag for it.`);
  return etag;
}

/** A signature that has run out, or an upload that was ended meanwhile. */
const isExpired = (error: unknown): error is Refused =>
  error instanceof Refused && (error.status === 403 || error.status === 404);
