import { request as plainRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { HoldfastError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { AddressGuard } from './address-guard.ts';
import { longestForm, redact } from './redact.ts';

export interface GuardedRequest {
  method: string;
  url: string;
  /** By their names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: string | null;
}

export interface GuardedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The beginning of the body without secrets, trimmed. */
  text: string;
}

export interface RequestLimits {
  guard: AddressGuard;
  /** Shown in no answer and no error. */
  secrets: readonly Secret[];
  signal: AbortSignal;
  /** Of the answer; what comes after it is not read. */
  mostBytes: number;
}

/**
 * Sends a request, once, to where a user said: to an address that the operator allows, with the server's certificate checked. A
 * redirect is an answer like any other and not followed.
 * @throws what kept it from its answer, for `whyNoAnswer`
 */
export async function sendGuarded(request: GuardedRequest, limits: RequestLimits): Promise<GuardedAnswer> {
  const answer = await send(request, limits);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await beginningOf(answer, limits) };
}

/** Words for what kept a request from its answer, and whether it was refused before it was sent. */
export function whyNoAnswer(error: unknown, secrets: readonly Secret[]): { refused: boolean; words: string } {
  if (error instanceof HoldfastError) return { refused: true, words: error.message };
  if (!(error instanceof Error)) return { refused: false, words: 'unknown' };
  // A signal's own errors have numbers for codes.
  const words = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return { refused: false, words: redact(words, secrets) };
}

function send(
  { method, url, headers, body }: GuardedRequest,
  { guard, signal }: Pick<RequestLimits, 'guard' | 'signal'>,
): Promise<IncomingMessage> {
  const target = new URL(url);
  guard.checkLiteral(target.hostname);
  const own = body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? tlsRequest : plainRequest)(
      target,
      {
        method,
        headers: { 'user-agent': 'holdfast', ...own, ...headers },
        // Of this request alone, so that its connection is made through the guard.
        agent: false,
        lookup: guard.guard(),
        signal,
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}

/** A secret that the end of the reading went through is not shown in part. */
async function beginningOf(answer: IncomingMessage, { secrets, signal, mostBytes }: RequestLimits): Promise<string> {
  const margin = longestForm(secrets);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes + margin) break;
  }
  // An answer without a length ends quietly when its connection is closed, as it is by us at the limit.
  signal.throwIfAborted();
  const read = Buffer.concat(chunks).subarray(0, mostBytes + margin);
  const clean = redact(read.toString('utf8'), secrets);
  return (bytes > read.length ? `${clean.slice(0, clean.length - margin)} …` : clean).trim();
}
