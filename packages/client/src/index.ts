import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import { ApiError, problemOf } from './problem.ts';
import type { paths } from './schema.ts';

export { ApiError } from './problem.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Json<Content> = Content extends { content: { 'application/json': infer Body } } ? Body : never;

/** The JSON that a route answers on success: `Answer<'/api/databases', 'get'>`. */
export type Answer<Path extends keyof paths, M extends Method> = paths[Path][M] extends { responses: infer Responses }
  ? Json<Responses[keyof Responses & (200 | 201 | 202)]>
  : never;

/** The JSON body that a route takes. */
export type Body<Path extends keyof paths, M extends Method> = paths[Path][M] extends { requestBody?: infer Sent }
  ? Json<NonNullable<Sent>>
  : never;

/** Calls the HTTP API by its own description: paths, parameters, bodies and answers are checked by the compiler. */
export type HoldfastClient = Client<paths>;

/**
 * @param baseUrl where the API answers; without a slash at the end
 * @param token sent as Bearer; absent where a session's cookie goes along by itself
 */
export function openClient({
  baseUrl,
  token,
  fetch,
}: {
  baseUrl: string;
  token?: string;
  fetch?: ClientOptions['fetch'];
}): HoldfastClient {
  const client = createClient<paths>({
    baseUrl,
    ...(token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }),
    ...(fetch && { fetch }),
  });
  client.use({
    onResponse: async ({ response }) => {
      if (!response.ok) throw new ApiError(response.status, await problemOf(response));
    },
  });
  return client;
}
