import { HoldfastError, type S3Settings } from '@holdfast/shared/domain';

const defaultRegion = 'us-east-1';
const mostParts = 10_000;

/** A destination's settings, checked. */
export interface Target {
  bucket: string;
  region: string;
  /** Null for Amazon's own. */
  endpoint: URL | null;
  /** The endpoint's host, for messages. */
  host: string;
  pathStyle: boolean;
  prefix: string;
  maxParts: number;
}

/**
 * Bucket and region become parts of a host name and of a signature, so only their plain forms pass; ARNs do not.
 * @throws HoldfastError configuration
 */
export function checkedTarget(settings: S3Settings): Target {
  const { bucket, pathStyle, prefix, maxParts } = settings;
  const region = settings.region ?? defaultRegion;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw new HoldfastError('configuration', `The bucket name ${JSON.stringify(bucket)} is not valid.`);
  }
  if (!/^[A-Za-z0-9-]{1,63}$/.test(region)) {
    throw new HoldfastError('configuration', `The region ${JSON.stringify(region)} is not valid.`);
  }
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new HoldfastError('configuration', `The prefix ${JSON.stringify(prefix)} must end in "/".`);
  }
  if (!Number.isInteger(maxParts) || maxParts < 1 || maxParts > mostParts) {
    throw new HoldfastError(
      'configuration',
      `The number of parts must be between 1 and ${mostParts}, not ${maxParts}.`,
    );
  }
  const endpoint = settings.endpoint === null ? null : checkedEndpoint(settings.endpoint);
  const host = endpoint?.host ?? `s3.${region}.amazonaws.com`;
  return { bucket, region, endpoint, host, pathStyle, prefix, maxParts };
}

/** @throws HoldfastError configuration */
export function checkedEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new HoldfastError(
      'configuration',
      'The endpoint must be an http:// or https:// URL without user name, password, query or fragment.',
    );
  }
  return url;
}
