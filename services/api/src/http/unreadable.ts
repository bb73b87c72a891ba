import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ids } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { databaseDialect } from '../routes/databases/dialect.ts';
import { Problem } from './problem.ts';

/**
 * Answers what cannot be read as HTTP, which no route hears of, with JSON and a request id too. Its path is not known, so the
 * answer has the shape of paths that are of no other dialect.
 */
export function answerUnreadable(server: Server, { logger, ids }: { logger: Logger; ids: Ids }): void {
  const answering = new WeakMap<Socket, ServerResponse>();
  server.on('request', (request, response) => {
    answering.set(request.socket, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Within an answer that has begun, another would be taken for a part of it.
    const last = answering.get(socket);
    if (!socket.writable || (last?.headersSent === true && !last.writableFinished)) {
      socket.destroy();
      return;
    }
    const problem = problemOf(error.code);
    const requestId = ids.uuid();
    const body = JSON.stringify(databaseDialect.present(problem));
    logger.info({ requestId, res: { statusCode: problem.status }, code: error.code }, 'a request could not be read');
    socket.write(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
        `X-Request-Id: ${requestId}`,
        'Content-Type: application/json; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
    socket.destroySoon();
  });
}

function problemOf(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem(431, 'The headers of the request are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem(408, 'The request did not arrive in time.');
  return new Problem(400, 'The request is not valid HTTP.');
}
