import { createReadStream } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { NoAnswer, Refused } from './errors.ts';

/** A part of a file that is to be sent; read anew for each request. */
export interface FilePart {
  path: string;
  /** The first byte. */
  start: number;
  /** Bytes. */
  size: number;
}

export interface Sending {
  method: 'GET' | 'POST' | 'PUT';
  url: URL;
  headers?: Record<string, string>;
  body?: Buffer | FilePart;
  signal: AbortSignal;
  /** So long may the connection be idle. */
  idleSeconds: number;
}

/**
 * Sends one request; redirects are not followed, so that no header and no byte goes anywhere else. Messages never hold the
 * query of a URL, where links carry their permission.
 * @returns the answer, when its status is 2xx; its body is still to be read
 * @throws NoAnswer, Refused, the signal's reason, or what a file's reading failed with
 */
export async function send(sending: Sending): Promise<IncomingMessage> {
  const response = await exchange(sending);
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  // What it says is left unread: the body of a part may still be on its way, so the connection is of no more use.
  const detail = sending.body && !Buffer.isBuffer(sending.body) ? '' : await detailOf(response);
  response.destroy();
  const retryAfter = Number(response.headers['retry-after'] ?? Number.NaN);
  throw new Refused(
    `${nameOf(sending)} was answered with ${statusCode}${detail === '' ? '' : `: ${detail}`}`,
    statusCode,
    Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : null,
  );
}

/** @throws Error when there is more than `limit` bytes; NoAnswer when the connection breaks */
export async function readBody(response: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new NoAnswer(`The answer broke off: ${(error as Error).message}`, { cause: error });
  }
  if (size > limit) throw new Error(`An answer has more than the ${limit} bytes that are accepted.`);
  return Buffer.concat(chunks);
}

function exchange(sending: Sending): Promise<IncomingMessage> {
  const { method, url, headers = {}, body, signal, idleSeconds } = sending;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const length = body === undefined ? {} : { 'content-length': Buffer.isBuffer(body) ? body.length : body.size };
    const { request: open } = url.protocol === 'https:' ? https : http;
    const request = open(url, { method, headers: { ...headers, ...length }, signal });
    let unreadable: Error | null = null;
    request.once('response', resolve);
    request.on('error', (error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else reject(unreadable ?? new NoAnswer(`${nameOf(sending)}: ${error.message}`, { cause: error }));
    });
    request.setTimeout(idleSeconds * 1000, () => request.destroy(new Error(`nothing moved for ${idleSeconds} s`)));
    if (body === undefined || Buffer.isBuffer(body)) {
      request.end(body);
      return;
    }
    const source = createReadStream(body.path, { start: body.start, end: body.start + body.size - 1 });
    source.on('error', (error) => {
      unreadable = error;
      request.destroy(error);
    });
    request.once('close', () => source.destroy());
    source.pipe(request);
  });
}

const nameOf = ({ method, url }: Sending): string => `${method} ${url.origin}${url.pathname}`;

/** What a refusal of ours says, for the log. */
async function detailOf(response: IncomingMessage): Promise<string> {
  const text = await readBody(response, 65_536).then(String, () => '');
  const detail = /"(?:detail|error|message)"\s*:\s*"([^"]*)"/.exec(text)?.[1];
  return detail?.slice(0, 500) ?? '';
}
