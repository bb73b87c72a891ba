import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { longestForm, redact } from '@holdfast/engines/process';
import { HoldfastError, type HookEnd, type HookFacts, type HttpHook, type Secret } from '@holdfast/shared/domain';
import type { AddressGuard } from '@holdfast/shared/security';

/** Of an answer; what comes after it is not read. */
const mostBytes = 16 * 1024;

/**
 * Sends a hook's request, once: to an address that the operator allows, with the server's certificate checked; a redirect is an
 * answer like any other and not followed.
 */
export async function runHttpHook(
  hook: HttpHook,
  facts: HookFacts,
  options: { guard: AddressGuard; secrets: readonly Secret[]; signal: AbortSignal },
): Promise<Omit<HookEnd, 'outcome' | 'exitCode'>> {
  const { secrets, signal } = options;
  try {
    const answer = await send(hook, facts, options);
    const status = answer.statusCode ?? 0;
    const output = await beginningOf(answer, secrets, signal);
    return { httpStatus: status, problem: status >= 200 && status < 300 ? null : wrongAnswer(status), output };
  } catch (error) {
    return { httpStatus: null, problem: problemOf(error, secrets), output: '' };
  }
}

const wrongAnswer = (status: number): string =>
  status >= 300 && status < 400
    ? `was answered with ${status}, a redirect, which is not followed`
    : `was answered with ${status}`;

function send(
  { method, url, headers }: HttpHook,
  facts: HookFacts,
  { guard, signal }: { guard: AddressGuard; signal: AbortSignal },
): Promise<IncomingMessage> {
  const target = new URL(url);
  guard.checkLiteral(target.hostname);
  const body = method === 'GET' ? null : JSON.stringify(bodyOf(facts));
  const own = body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]);
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? tlsRequest : plainRequest)(
      target,
      {
        method,
        headers: { 'user-agent': 'holdfast', ...own, ...Object.fromEntries(given) },
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

/** As `HookFacts`, in the words of the API. */
function bodyOf({ hook, backupId, databaseId, database, attempt, result }: HookFacts) {
  return {
    hook,
    backup_id: backupId,
    database_id: databaseId,
    database,
    attempt,
    status: result?.status ?? null,
    error_code: result?.errorCode ?? null,
  };
}

/** The first 16 KiB of an answer without secrets; one that the end of the reading went through is not shown in part. */
async function beginningOf(answer: IncomingMessage, secrets: readonly Secret[], signal: AbortSignal): Promise<string> {
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

/** Words for what kept a request from its answer. */
function problemOf(error: unknown, secrets: readonly Secret[]): string {
  if (error instanceof HoldfastError) return `was not sent: ${error.message}`;
  if (!(error instanceof Error)) return 'got no answer';
  // A signal's own errors have numbers for codes.
  const words = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return `got no answer: ${redact(words, secrets)}`;
}
