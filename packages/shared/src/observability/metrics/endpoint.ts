import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Secret } from '../../domain/secret.ts';
import type { Measurements } from './prometheus.ts';

/** What is measured here, and the token that is needed to see it. */
export interface Metrics extends Measurements {
  token: Secret;
}

/**
 * Measures this process where an operator wants to see it, and loads what that takes only then.
 * @param token null: nothing is measured, and `/metrics` is no path
 */
export async function openMetrics(service: string, token: Secret | null): Promise<Metrics | null> {
  if (token === null) return null;
  const { measureProcess } = await import('./prometheus.ts');
  return { ...measureProcess(service), token };
}

/**
 * Answers `/metrics`, to whoever has the token.
 * @returns whether it was asked for; false also where nothing is measured
 */
export function answerMetrics(request: IncomingMessage, response: ServerResponse, metrics: Metrics | null): boolean {
  if (metrics === null || request.url?.split('?')[0] !== '/metrics') return false;
  void write(request, response, metrics);
  return true;
}

async function write(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  const refuse = (status: number, error: string, headers: Record<string, string> = {}): void => {
    response
      .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers })
      .end(JSON.stringify({ error }));
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Use GET.', { Allow: 'GET, HEAD' });
  if (!isBearer(request.headers.authorization, metrics.token)) {
    const error = 'The metrics are shown to who sends HOLDFAST_METRICS_TOKEN as a Bearer token.';
    return refuse(401, error, { 'WWW-Authenticate': 'Bearer realm="metrics"' });
  }
  try {
    const { contentType, text } = await metrics.render();
    response.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' }).end(text);
  } catch {
    refuse(500, 'The metrics could not be put together.');
  }
}

/** Compares in a time that tells nothing of the token, not even its length. */
function isBearer(given: string | undefined, token: Secret): boolean {
  const [, sent = ''] = /^Bearer +(\S+)$/i.exec(given ?? '') ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(sent), digest(token.reveal()));
}
