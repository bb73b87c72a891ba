import { setImmediate as nextTurn } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl, S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import { HoldfastError, type OpenUpload } from '@holdfast/shared/domain';
import type { S3Connection } from './connection.ts';

/** Seconds; the protocol's own limit. */
const longestLink = 7 * 24 * 3600;
/** Links that are signed without letting anything else run: about 10 ms. */
const linksAtOnce = 200;

/** How long a link lives, within what the protocol allows. */
export function linkSeconds(wanted: number): number {
  return Math.min(longestLink, Math.max(1, Math.floor(wanted)));
}

/**
 * Signs a link for each of the parts 1 to `count`, which takes the part by PUT. Nothing but the host, the part and the time
 * is signed, so that whoever uploads may send headers of its own.
 *
 * The SDK says where the object is and in which region; the links to its parts then differ in their number alone, and
 * signing them directly costs a sixth of what the SDK's course of a whole command does.
 */
export async function signPartLinks(
  connection: S3Connection,
  { key, uploadId }: Pick<OpenUpload, 'key' | 'uploadId'>,
  { count, expiresInSeconds }: { count: number; expiresInSeconds: number },
): Promise<string[]> {
  const { client } = connection;
  const { bucket, prefix } = connection.target;
  const object = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: prefix + key })));
  const signingRegion = object.searchParams.get('X-Amz-Credential')?.split('/')[2];
  if (signingRegion === undefined) throw new HoldfastError('internal', 'The SDK signed a link without a region.');
  const presigner = new S3RequestPresigner(client.config);
  const expiresIn = linkSeconds(expiresInSeconds);
  const links: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const request = {
      method: 'PUT',
      protocol: object.protocol,
      hostname: object.hostname,
      ...(object.port === '' ? {} : { port: Number(object.port) }),
      path: object.pathname,
      query: { partNumber: String(number), uploadId },
      headers: {},
    };
    const { query } = await presigner.presign(request, { expiresIn, signingRegion });
    links.push(`${object.origin}${object.pathname}?${queryText(query ?? {})}`);
    if (number % linksAtOnce === 0) await nextTurn();
  }
  return links;
}

function queryText(query: Record<string, unknown>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
}
