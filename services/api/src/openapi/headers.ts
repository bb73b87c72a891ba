import type { createDocument } from 'zod-openapi';

type Components = NonNullable<Parameters<typeof createDocument>[0]['components']>;

/** The headers of answers, as components. */
export const headers = {
  'X-Request-Id': {
    description: "The request's id, as the logs and the job that the request caused have it.",
    required: true,
    schema: { type: 'string' },
  },
  RateLimit: {
    description: 'What is left of the limits, as in the IETF draft "RateLimit header fields for HTTP".',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': { description: 'The limits, as in the same draft.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before the next try.', schema: { type: 'integer', minimum: 0 } },
  'WWW-Authenticate': { description: 'How to bring a token.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: '`true` where this is the answer that the first request with the same `Idempotency-Key` got.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Content-Range': { description: 'Which bytes of how many.', schema: { type: 'string' } },
} as const satisfies Components['headers'];

export type HeaderName = keyof typeof headers;
export type HeaderReferences = Record<string, { $ref: string }>;

/** References to components, by the headers' names. */
export const headersOf = (...names: readonly HeaderName[]): HeaderReferences =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

export const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'A key of your choice. The same key with the same request gives the same answer and no second job; with another request it is 422.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
} as const satisfies Components['parameters'];
