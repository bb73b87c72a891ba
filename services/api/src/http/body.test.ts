import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { databaseDialect } from '../routes/databases/dialect.ts';
import { readBody } from './body.ts';

describe('the body of a request', () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
    it(`is never taken for an empty one because its client went away before it was read (${type})`, async () => {
      const came = Promise.withResolvers<void>();
      const ended = Promise.withResolvers<unknown>();
      const whenGone: RequestHandler = (request, _response, next) => {
        request.socket.once('close', () => next());
        came.resolve();
      };
      const carriedOut: RequestHandler = ({ body }) => ended.resolve({ carriedOut: body as unknown });
      const refused: ErrorRequestHandler = (error, _request, _response, _next) => ended.resolve(error);
      const app = express().use(whenGone, readBody({ ...databaseDialect, forms: true }), carriedOut, refused);
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const asked = httpRequest({ port, method: 'POST', headers: { 'content-type': type, 'content-length': 2 } });
      asked.on('error', () => undefined).end('{}');
      await came.promise;
      asked.destroy();
      expect(await ended.promise).to.include({ status: 400 });
      server.close();
    });
  }
});
