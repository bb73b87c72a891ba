import type { ApiToken, Scope, Server, Session } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { AuditNote } from '../audit/described.ts';
import type { Trail } from '../audit/trail.ts';
import type { ApiDeps } from '../deps.ts';
import type { EventHub } from '../events/hub.ts';
import type { Dialect } from './dialect.ts';
import { validate } from './validate.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type ParamNames<Path extends string> = Path extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Name | ParamNames<More>
    : Rest
  : never;

/** What lets a request through: a token with that scope, any token, the token of a remote server, or nothing at all. */
export type Access = Scope | 'any' | 'server' | null;

/** Who calls, as their token says. */
export interface Caller {
  accountId: number;
  /** Null when the token is that of a remote server. */
  token: ApiToken | null;
  /** The session that the token was shown by; null where it came with the request itself. */
  session: Session | null;
  server: Server | null;
}

/** A JSON body, nothing, or a function that writes the response itself. */
type Reply = object | undefined | ((response: Response) => Promise<void>);

interface RawCall {
  deps: ApiDeps;
  events: EventHub;
  request: Request;
  requestId: string;
  log: Logger;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
  /** Aborted when the service stops: what merely waits ends at once. */
  stopping: AbortSignal;
  /** What the request makes gets this id, so that its repetition finds it; undefined where the client will not repeat it. */
  resourceId: string | undefined;
  trail: Trail;
}

/** One request to a route, authorised and validated. */
export interface Call<Path extends string = string, Body = unknown, Query = unknown, S = Scope> extends Omit<
  RawCall,
  'trail'
> {
  params: Readonly<Record<ParamNames<Path>, string>>;
  body: Body;
  query: Query;
  /** Whose token it is; null where the route asks for none. */
  accountId: S extends null ? null : number;
  /** The token that calls, on routes for any. */
  token: S extends 'any' ? ApiToken : null;
  /** Adds to the request's entry in the audit log what the route table cannot know. */
  note(more: AuditNote): void;
  /** Who calls, with all that is known of them. */
  caller: S extends null ? null : Caller;
  /** The session that the token was shown by; null where it came with the request itself. */
  session: Session | null;
  /** The remote server that calls, on routes for these. */
  server: S extends 'server' ? Server : null;
}

/** Bytes instead of JSON: the whole or, where a range was asked for, a part. */
export const bytes = Symbol('bytes');
/** Server-sent events instead of JSON, without an end. */
export const events = Symbol('events');

/** An answer beside success; `body` null: none. */
interface FurtherAnswer {
  description: string;
  body: z.ZodType | null;
}

/** The status of success and its body: 204 alone has none. */
type Success =
  | { answers: 200 | 201 | 202; response: z.ZodType | typeof bytes | typeof events }
  | { answers: 204; response?: undefined };

interface Definition<
  Path extends string,
  S extends Access,
  Body extends z.ZodType,
  Query extends z.ZodType,
  Found = unknown,
> {
  method: Method;
  path: Path;
  dialect: Dialect;
  /** What a token must be allowed to do; `any`: nothing; `server`: a remote server's token; null: no token is asked for. */
  scope: S;
  /** Whether browsers may send the token as the password of HTTP Basic. They repeat it by themselves: for reading only. */
  browsers?: true;
  summary: string;
  /**
   * Answers beside success and beside what every such route answers (see openapi/answers.ts), by status: a text says when
   * the dialect's refusal comes.
   */
  otherwise?: Readonly<Record<number, string | FurtherAnswer>>;
  /**
   * What the audit log calls it, `<object>.<verb>`; each route that changes something has one, or says why there is `none`.
   * An action must not quote a secret, nor the `note` that a handler adds to it.
   */
  audit?: `${string}.${string}` | { none: string };
  /** Set where the request makes something: it then may carry an `Idempotency-Key`. */
  creates?: true;
  body?: Body;
  query?: Query;
  /**
   * Finds what the path names, for the handler; refuses what the caller may not see, before a word about the fields of the
   * request.
   */
  finds?: (call: Omit<Call<Path, never, never, S>, 'body' | 'query'>) => Promise<Found>;
  handler: (call: Call<Path, z.output<Body>, z.output<Query>, S>, found: Found) => Promise<Reply>;
}

/** A route as data: the application, the 405 answers and the API's description are all made from these. */
export type Route = Omit<Definition<string, Access, z.ZodType, z.ZodType>, 'handler' | 'finds'> &
  Success & { run(call: RawCall, caller: Caller | null): Promise<Reply> };

export function route<
  const Path extends string,
  S extends Access,
  Body extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
  Found = undefined,
>(definition: Definition<Path, S, Body, Query, Found> & Success): Route {
  const { finds, handler, ...declared } = definition;
  type Typed = Call<Path, z.output<Body>, z.output<Query>, S>;
  return {
    ...declared,
    run: async (call, caller) => {
      const known = {
        ...call,
        params: call.request.params as Typed['params'],
        accountId: (caller?.accountId ?? null) as Typed['accountId'],
        token: (caller?.token ?? null) as Typed['token'],
        session: caller?.session ?? null,
        caller: caller as Typed['caller'],
        note: call.trail.note,
        server: (caller?.server ?? null) as Typed['server'],
      };
      const found = (await finds?.(known)) as Found;
      const typed = {
        ...known,
        body: definition.body && validate(definition.body, call.request.body),
        query: definition.query && validate(definition.query, call.request.query, 'query'),
      } as Typed;
      return await call.trail.around(found, () => handler(typed, found));
    },
  };
}
