import type { Scope, Server } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import type { Dialect } from './dialect.ts';
import { validate } from './validate.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type ParamNames<Path extends string> = Path extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Name | ParamNames<More>
    : Rest
  : never;

/** What lets a request through: a token with that scope, the token of a remote server, or nothing at all. */
export type Access = Scope | 'server' | null;

/** Who calls, as their token says. */
export interface Caller {
  accountId: number;
  /** Null unless the token is that of a remote server. */
  server: Server | null;
}

/** A JSON body, nothing, or a function that writes the response itself. */
type Reply = object | undefined | ((response: Response) => Promise<void>);

interface RawCall {
  deps: ApiDeps;
  request: Request;
  requestId: string;
  log: Logger;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** One request to a route, authorised and validated. */
export interface Call<Path extends string = string, Body = unknown, Query = unknown, S = Scope> extends RawCall {
  params: Readonly<Record<ParamNames<Path>, string>>;
  body: Body;
  query: Query;
  /** Whose token it is; null where the route asks for none. */
  accountId: S extends null ? null : number;
  /** The remote server that calls, on routes for these. */
  server: S extends 'server' ? Server : null;
}

interface Definition<Path extends string, S extends Access, Body extends z.ZodType, Query extends z.ZodType> {
  method: Method;
  path: Path;
  dialect: Dialect;
  /** What a token must be allowed to do; `server`: a remote server's token; null: no token is asked for. */
  scope: S;
  summary: string;
  /** The status of success. */
  answers: 200 | 201 | 204;
  /** The body of success; absent where there is none, or where it is not JSON. */
  response?: z.ZodType;
  /** Set where the request makes something: it then may carry an `Idempotency-Key`. */
  creates?: true;
  body?: Body;
  query?: Query;
  handler: (call: Call<Path, z.output<Body>, z.output<Query>, S>) => Promise<Reply>;
}

/** A route as data: the application, the 405 answers and the API's description are all made from these. */
export interface Route extends Omit<Definition<string, Access, z.ZodType, z.ZodType>, 'handler'> {
  run(call: RawCall, caller: Caller | null): Promise<Reply>;
}

export function route<
  const Path extends string,
  S extends Access,
  Body extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
>(definition: Definition<Path, S, Body, Query>): Route {
  const { handler, ...declared } = definition;
  type Typed = Call<Path, z.output<Body>, z.output<Query>, S>;
  return {
    ...declared,
    run: (call, caller) =>
      handler({
        ...call,
        params: call.request.params as Typed['params'],
        body: definition.body && validate(definition.body, call.request.body),
        query: definition.query && validate(definition.query, call.request.query),
        accountId: (caller?.accountId ?? null) as Typed['accountId'],
        server: (caller?.server ?? null) as Typed['server'],
      } as Typed),
  };
}
