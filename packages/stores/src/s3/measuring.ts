import type { S3Client } from '@aws-sdk/client-s3';
import { inSpan, observe, type Observers } from '@holdfast/shared/observability';

/** What stores call their refusals, as far as it is worth telling apart; what a store makes up itself never becomes a label. */
const knownCodes: ReadonlySet<string> = new Set([
  'AccessDenied',
  'BadDigest',
  'EntityTooLarge',
  'InternalError',
  'InvalidAccessKeyId',
  'InvalidPart',
  'InvalidRequest',
  'NoSuchBucket',
  'NoSuchKey',
  'NoSuchUpload',
  'NotFound',
  'NotImplemented',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ServiceUnavailable',
  'SignatureDoesNotMatch',
  'SlowDown',
]);

/** Measures each request of a client, the SDK's own repetitions one by one, up to the beginning of its answer. */
export function measureRequests(client: S3Client, observers: Pick<Observers, 'storeRequestEnded'> | undefined): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const operation = String(context['commandName']).replace(/Command$/, '');
      const startedAt = performance.now();
      const ended = (code: string): void =>
        observe(() =>
          observers?.storeRequestEnded({ operation, code, seconds: (performance.now() - startedAt) / 1000 }),
        );
      const attributes = { 'rpc.system.name': 'aws-api', 'rpc.method': `S3/${operation}` };
      return inSpan({ name: `S3.${operation}`, kind: 'client', attributes }, async (span) => {
        try {
          const answer = await next(args);
          ended('ok');
          return answer;
        } catch (error) {
          const code = codeOf(error);
          ended(code);
          span.fail(code);
          throw error;
        }
      });
    },
    // Behind the SDK's retries, and around what reads an error out of an answer.
    { step: 'finalizeRequest', priority: 'low', name: 'measureRequests' },
  );
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'AbortError') return 'aborted';
  if (knownCodes.has(error.name)) return error.name;
  if (error.name === 'TimeoutError') return 'timeout';
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } };
  const status = metadata?.httpStatusCode;
  if (status === undefined) return 'network';
  return `${Math.floor(status / 100)}xx`;
}
