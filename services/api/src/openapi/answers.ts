import type { z } from 'zod';
import type { createDocument } from 'zod-openapi';
import { healthPaths } from '../http/health-paths.ts';
import { bytes, events, type Route } from '../http/route.ts';
import { headersOf, type HeaderName, type HeaderReferences } from './headers.ts';

type Paths = NonNullable<Parameters<typeof createDocument>[0]['paths']>;
export type Operation = NonNullable<Paths[string]['get']>;
type Answers = Operation['responses'];
type Answer = Exclude<NonNullable<Answers['default']>, { $ref: string }>;

const json = (schema: z.ZodType): NonNullable<Answer['content']> => ({ 'application/json': { schema } });
const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } as const;

const stream = { 'text/event-stream': { schema: { type: 'string' } } } as const;

/** Every answer that a route can give: success, what the route itself tells of, and what follows from its form. */
export function answersOf(route: Route): Answers {
  const limits = healthPaths.has(route.path) ? [] : (['RateLimit', 'RateLimit-Policy'] as const);
  const common = headersOf('X-Request-Id', ...limits);
  const answers: Record<number | '5XX', Answer> = {
    ...success(route, common),
    '5XX': refusal(route, 500, 'An unexpected failure, or a part of the service that does not answer.', common),
  };
  for (const [status, reason] of refusalsOf(route)) answers[status] = refusal(route, status, reason, common);
  for (const [status, told] of Object.entries(route.otherwise ?? {})) {
    const usual = answers[Number(status)]?.description ?? '';
    answers[Number(status)] =
      typeof told === 'string'
        ? refusal(route, Number(status), `${told} ${usual}`.trim(), common)
        : { description: told.description, headers: common, ...(told.body && { content: json(told.body) }) };
  }
  return answers;
}

function success({ answers: status, response, creates }: Route, common: HeaderReferences) {
  const headers = { ...common, ...(creates && headersOf('Idempotent-Replayed')) };
  if (!response) return { [status]: { description: 'Done; the answer has no body.', headers } };
  if (response === events) return { [status]: { description: 'The stream.', headers: common, content: stream } };
  if (response !== bytes) return { [status]: { description: 'Done.', headers, content: json(response) } };
  return {
    [status]: { description: 'The whole.', headers, content: binary },
    206: { description: 'The part.', headers: { ...headers, ...headersOf('Content-Range') }, content: binary },
  };
}

function refusal({ dialect }: Route, status: number, description: string, common: HeaderReferences): Answer {
  const headers = { ...common, ...headersOf(...(headersOfRefusals[status] ?? [])) };
  return { description, headers, content: json(status === 422 ? dialect.shapes.invalid : dialect.shapes.refusal) };
}

const headersOfRefusals: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  416: ['Content-Range'],
  429: ['Retry-After'],
};

/** The refusals that follow from what a route asks for. */
function* refusalsOf(route: Route): Generator<[status: number, description: string]> {
  const { method, path, scope, body, query, response, creates } = route;
  const reads = method !== 'GET' && method !== 'DELETE';
  const named = path.includes(':');
  if (reads || named || scope === 'server') yield [400, 'The request, its path or its body cannot be read.'];
  if (scope !== null) yield [401, 'There is no valid token.'];
  if (scope === 'server') yield [403, 'The token is not known, or not of the server that this belongs to.'];
  else if (scope !== null && scope !== 'any') yield [403, `The token lacks the scope \`${scope}\`.`];
  else if (scope === 'any' && method !== 'GET') yield [403, 'A session asks, and not from a page of this service.'];
  if (named) yield [404, 'It does not exist, or it is of another account.'];
  if (creates) yield [409, 'The first request with the same `Idempotency-Key` has not ended yet.'];
  if (reads) {
    yield [413, 'The body is larger than 1 MiB.'];
    yield [415, 'The body is of a media type, character set or encoding that is not read.'];
  }
  if (response === bytes) yield [416, 'The range lies outside.'];
  if (body || query || creates) yield [422, 'A field is missing or wrong.'];
  if (!healthPaths.has(path)) yield [429, 'Too many requests.'];
}
