import { z } from 'zod';
import { baseUrl } from '../http/base-url.ts';
import { route, type Route } from '../http/route.ts';
import { databaseDialect } from '../routes/databases/dialect.ts';
import { documentOf, type Document } from './document.ts';

/** `GET /openapi.json` over a table of routes, which may hold this one too. */
export function openApiRoutes(table: () => readonly Route[]): readonly Route[] {
  let described: Document | undefined;
  return [
    route({
      method: 'GET',
      path: '/openapi.json',
      dialect: databaseDialect,
      scope: 'any',
      browsers: true,
      summary: 'This document.',
      answers: 200,
      response: z
        .looseObject({ openapi: z.string().regex(/^3\.1\.\d+$/) })
        .meta({ description: 'An OpenAPI document.' }),
      handler: async (call) => {
        described ??= documentOf(table());
        return { ...described, servers: [{ url: baseUrl(call) }] };
      },
    }),
  ];
}
