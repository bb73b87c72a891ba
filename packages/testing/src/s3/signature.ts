import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './errors.ts';
import type { Policy } from './policy.ts';

/** A request as far as its signature covers it. */
export interface SignedRequest {
  method: string;
  /** Path as it came, still encoded. */
  rawPath: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
}

export interface Credentials {
  accessKey: string;
  secretKey: string;
  region: string;
  /** Null allows everything. */
  policy: Policy | null;
}

/** What the signature says about the body. */
export interface Verified {
  /** `x-amz-content-sha256`: a digest, `UNSIGNED-PAYLOAD`, or one of the `STREAMING-` forms. */
  payload: string;
  /** For the signatures of the chunks of a streamed body. */
  chain: { signature: string; key: Buffer; scope: string; date: string };
  /** Whose it is. */
  credentials: Credentials;
}

/** Seconds. */
const longestLink = 7 * 24 * 3600;
const maxSkewMs = 15 * 60 * 1000;

/** Checks AWS Signature Version 4, in the header or in the query. @throws S3Error */
export function verifySignature(request: SignedRequest, known: readonly Credentials[]): Verified {
  const presigned = request.query.has('X-Amz-Signature');
  const claim = presigned ? fromQuery(request.query) : fromHeader(request.headers);
  const [accessKey, day = '', region = '', service = '', terminator] = claim.credential.split('/');
  const credentials = known.find((one) => one.accessKey === accessKey);
  if (!credentials) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The access key id you provided does not exist in our records.');
  }
  if (service !== 's3' || terminator !== 'aws4_request' || !claim.date.startsWith(day)) {
    throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The credential is malformed.');
  }
  if (region !== credentials.region) {
    throw new S3Error(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${region}' is wrong; expecting '${credentials.region}'`,
      { Region: credentials.region },
    );
  }
  checkTime(claim, presigned);
  checkCovered(request.headers, claim.signedHeaders);
  const scope = `${day}/${region}/s3/aws4_request`;
  const canonical = [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(request.query),
    ...claim.signedHeaders.map((name) => `${name}:${headerText(request.headers, name)}`),
    '',
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', claim.date, scope, sha256(canonical)].join('\n');
  const key = signingKey(credentials.secretKey, day, region);
  const expected = hmac(key, toSign).toString('hex');
  if (!same(expected, claim.signature) || !claim.signedHeaders.includes('host')) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  const chain = { signature: claim.signature, key, scope, date: claim.date };
  return { payload: claim.payload, chain, credentials };
}

/** Signature of one chunk of `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, made from the one before it. */
export function chunkSignature(chain: Verified['chain'], previous: string, chunkSha256: string): string {
  const toSign = ['AWS4-HMAC-SHA256-PAYLOAD', chain.date, chain.scope, previous, sha256(''), chunkSha256].join('\n');
  return hmac(chain.key, toSign).toString('hex');
}

interface Claim {
  credential: string;
  signedHeaders: string[];
  signature: string;
  date: string;
  /** Seconds that a presigned link lives. */
  expires: number;
  payload: string;
}

function fromHeader(headers: IncomingHttpHeaders): Claim {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  const [, credential = '', signedHeaders = '', signature = ''] = match ?? [];
  const payload = headers['x-amz-content-sha256'];
  if (!match || typeof payload !== 'string') {
    throw new S3Error(403, 'AccessDenied', 'Anonymous requests are not allowed here.');
  }
  const date = String(headers['x-amz-date'] ?? '');
  return { credential, signedHeaders: signedHeaders.split(';'), signature, date, expires: 0, payload };
}

function fromQuery(query: URLSearchParams): Claim {
  const text = (name: string): string => query.get(`X-Amz-${name}`) ?? '';
  return {
    credential: text('Credential'),
    signedHeaders: text('SignedHeaders').split(';'),
    signature: text('Signature'),
    date: text('Date'),
    expires: Number(text('Expires')),
    payload: query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function checkTime(claim: Claim, presigned: boolean): void {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.date) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const age = Date.now() - at;
  if (Number.isNaN(age)) throw new S3Error(403, 'AccessDenied', 'The request has no valid date.');
  if (presigned && !(claim.expires >= 1 && claim.expires <= longestLink)) {
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'X-Amz-Expires must be between 1 second and a week.');
  }
  if (presigned && age > claim.expires * 1000) throw new S3Error(403, 'AccessDenied', 'Request has expired');
  if (presigned ? age < -maxSkewMs : Math.abs(age) > maxSkewMs) {
    throw new S3Error(
      403,
      'RequestTimeTooSkewed',
      "The difference between the request time and the server's is too large.",
    );
  }
}

/** A header that changes what the request means has to be signed, also beside a presigned link. */
function checkCovered(headers: IncomingHttpHeaders, signedHeaders: readonly string[]): void {
  const loose = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !signedHeaders.includes(name));
  if (loose.length === 0) return;
  const message = `There were headers present in the request which were not signed: ${loose.join(', ')}`;
  throw new S3Error(403, 'AccessDenied', message);
}

function canonicalPath(rawPath: string): string {
  return rawPath
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function headerText(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replaceAll(/ +/g, ' ');
}

/** RFC 3986 as Signature Version 4 wants it: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(secretKey: string, day: string, region: string): Buffer {
  return [day, region, 's3', 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretKey}`),
  );
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function same(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
