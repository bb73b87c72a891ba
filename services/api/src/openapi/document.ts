import { createDocument } from 'zod-openapi';
import { z } from 'zod';
import type { Dialect } from '../http/dialect.ts';
import type { Access, Route } from '../http/route.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { answersOf, type Operation } from './answers.ts';
import { headers, parameters } from './headers.ts';
import { pathParameters, templateOf } from './parameters.ts';

export type Document = ReturnType<typeof createDocument>;

const introduction = `Backs up databases and proves that they come back.

Times are RFC 3339 in UTC, sizes are bytes, lists are newest first. Every answer carries \`X-Request-Id\`. Paths that are not
here are answered 404, other methods 405 with \`Allow\`, each in the shape of its dialect.`;

const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of an account. What it must be allowed to do stands with each operation.',
  },
  tokenAsPassword: {
    type: 'http',
    scheme: 'basic',
    description: 'The same token as the password, with any user name, for browsers.',
  },
  serverToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: '<id, 16 characters>.<secret, 64 characters>',
    description: 'The token of a remote server.',
  },
} as const;

/** Describes the routes in OpenAPI 3.1, all but where they are served. */
export function documentOf(routes: readonly Route[]): Document {
  const paths = Map.groupBy(routes, ({ path }) => path);
  const dialects = new Set(routes.map(({ dialect }) => dialect));
  const described: Parameters<typeof createDocument>[0] = {
    openapi: '3.1.1',
    info: {
      title: 'Holdfast',
      version: packageJson.version,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...dialects].map(({ name, description }: Dialect) => ({ name, description })),
    components: { headers, parameters, securitySchemes },
    paths: Object.fromEntries(
      [...paths].map(([path, ofPath]) => [
        templateOf(path),
        Object.fromEntries(ofPath.map((route) => [route.method.toLowerCase(), operationOf(route)])),
      ]),
    ),
  };
  return createDocument(described, { override: keepInputs });
}

/** Zod leaves out what it cannot tell to be input where a schema transforms: ours are examples and defaults of requests. */
const keepInputs: NonNullable<NonNullable<Parameters<typeof createDocument>[1]>['override']> = ({
  jsonSchema,
  zodSchema,
  io,
}) => {
  if (io === 'output') return;
  const examples = z.globalRegistry.get(zodSchema)?.examples;
  if (Array.isArray(examples)) jsonSchema.examples ??= examples;
  const { def } = zodSchema._zod;
  if (def.type === 'default') jsonSchema.default ??= def.defaultValue;
};

function operationOf(route: Route): Operation {
  const { scope, summary, path, query, creates, dialect } = route;
  const inPath = pathParameters(path);
  const inQuery = query instanceof z.ZodObject ? query : undefined;
  const body = bodyOf(route);
  return {
    operationId: operationIdOf(route),
    summary,
    description: permissions(scope),
    tags: [dialect.name],
    security: securityOf(route),
    requestParams: { ...(inPath && { path: inPath }), ...(inQuery && { query: inQuery }) },
    ...(creates && { parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }] }),
    ...(body && { requestBody: body }),
    responses: answersOf(route),
  };
}

/** `GET /api/databases/:db/backups` as `getApiDatabasesByDbBackups`. */
const operationIdOf = ({ method, path }: Route): string =>
  method.toLowerCase() +
  path
    .split(/[^\w:]+/)
    .map((part) => (part.startsWith(':') ? `By${capital(part.slice(1))}` : capital(part)))
    .join('');

const capital = (text: string): string =>
  text.replaceAll(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase());

function permissions(scope: Access): string {
  if (scope === null) return 'Asks for no token.';
  if (scope === 'any') return 'Asks for a token, whatever it is allowed to do.';
  if (scope === 'server') return 'Asks for the token of a remote server.';
  return `Asks for a token with the scope \`${scope}\`.`;
}

function securityOf({ scope, browsers }: Route): NonNullable<Operation['security']> {
  if (scope === null) return [];
  if (scope === 'server') return [{ serverToken: [] }];
  const needed = scope === 'any' ? [] : [scope];
  return [{ token: needed }, ...(browsers ? [{ tokenAsPassword: needed }] : [])];
}

function bodyOf({ body: schema, dialect }: Route): Operation['requestBody'] {
  if (!schema) return undefined;
  return {
    required: !schema.safeParse(undefined).success,
    content: {
      'application/json': { schema },
      ...(dialect.forms && { 'application/x-www-form-urlencoded': { schema } }),
    },
  };
}
