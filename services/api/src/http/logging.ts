import type { Ids } from '@holdfast/shared/domain';
import { withLogFields, type Logger } from '@holdfast/shared/observability';
import type { Request, RequestHandler, Response } from 'express';
import { pinoHttp } from 'pino-http';
import { healthPaths } from './health-paths.ts';

const saneId = /^[\w.:-]{1,128}$/;

/** The id that `logRequests` gave the request. */
export const requestIdOf = ({ id }: Request): string => (typeof id === 'string' ? id : '');

interface Described {
  type: string;
  message: string;
  code?: unknown;
  stack?: string | undefined;
  cause?: Described | undefined;
}

/**
 * Gives every request an id (the client's own where it is sane) and logs how it ended. Of the request only method and path
 * are logged: headers and queries carry tokens.
 */
export function logRequests(logger: Logger, ids: Ids): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && saneId.test(given) ? given : ids.uuid();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    autoLogging: { ignore: (request) => healthPaths.has(request.url ?? '') },
    customLogLevel: (_request, response) => (response.statusCode >= 500 ? 'error' : 'info'),
    customSuccessMessage: () => 'request ended',
    customErrorMessage: () => 'request ended',
    customErrorObject: (_request, _response, _error, { err: _err, ...fields }: Record<string, unknown>) => fields,
    wrapSerializers: false,
    serializers: {
      req: (request: Request) => ({
        method: request.method,
        path: request.originalUrl.split('?')[0],
        remoteAddress: request.ip,
      }),
      res: ({ statusCode }: Response) => ({ statusCode }),
      err: describeError,
    },
  });
}

/** Names the request in every line that is logged while it is answered, by whichever logger. */
export const nameInLog: RequestHandler = (request, _response, next) =>
  withLogFields({ requestId: requestIdOf(request) }, next);

/** What is logged of an error. Drivers hang statements and their parameters on theirs, so only known fields are taken. */
function describeError(error: unknown): Described {
  if (!(error instanceof Error)) return { type: typeof error, message: 'something that is not an error was thrown' };
  return {
    type: error.name,
    message: error.message,
    code: 'code' in error ? error.code : undefined,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}
