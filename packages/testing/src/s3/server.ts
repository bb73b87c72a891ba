import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { checkedBody } from './body.ts';
import { S3Error } from './errors.ts';
import type { Faults, Dialect, RequestKind } from './faults.ts';
import { Permissions } from './permissions.ts';
import { Operations, type Answer } from './operations.ts';
import { address, type Addressed } from './request.ts';
import { verifySignature, type Credentials } from './signature.ts';
import type { Storage } from './storage.ts';
import { document } from './xml.ts';

interface ServerOptions {
  storage: Storage;
  credentials: readonly Credentials[];
  dialect: Dialect;
  faults: Faults;
  /** Names under which a bucket may stand in front, beside path style. */
  virtualHosts: readonly string[];
  host: string;
  /** The time that locks go by, in milliseconds. */
  now: () => number;
}

/** One listening server: counts requests, applies faults, checks signatures, answers. */
export class S3Server {
  /** Requests so far, by kind. */
  readonly requests: Partial<Record<RequestKind, number>> = {};
  readonly #options: ServerOptions;
  readonly #operations: Operations;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#operations = new Operations(options.storage, options.dialect, options.now);
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** @param port 0 for any free one @returns the port */
  async listen(port: number): Promise<number> {
    const server = createServer((request, response) => void this.#handle(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // A client may wait for "100 Continue" before its body; its headers are checked first, as S3 does.
    server.on('checkContinue', (request, response) => void this.#handle(request, response));
    server.requestTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, this.#options.host, resolve);
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  /** Drops every connection at once, as a killed process does. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.setHeader('x-amz-request-id', requestId);
    request.on('error', () => undefined);
    try {
      const addressed = address(request, this.#options.virtualHosts);
      this.requests[addressed.kind] = (this.requests[addressed.kind] ?? 0) + 1;
      await this.#serve(addressed, request, response);
    } catch (error) {
      await this.#refuse(error, request, response, requestId);
    }
  }

  async #serve(addressed: Addressed, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const effect = this.#options.faults.next(addressed.kind);
    if (effect?.type === 'stall') return;
    if (effect?.type === 'dropBefore') {
      request.socket.destroy();
      return;
    }
    const { headers } = request;
    const verified = verifySignature({ ...addressed, headers }, this.#options.credentials);
    const permissions = new Permissions(verified.credentials.policy, addressed.bucket);
    permissions.requireFor(addressed, headers);
    if (effect?.type === 'answer') {
      throw new S3Error(effect.status, effect.code, effect.message ?? 'As the test asked for.');
    }
    if (effect?.type === 'errorInside200') {
      await drain(request);
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(document('Error', { Code: effect.code, Message: 'As the test asked for.' }) + (effect.tail ?? ''));
      return;
    }
    if (effect?.type === 'foreign200') {
      await drain(request);
      response.writeHead(200).end(effect.body);
      return;
    }
    if (this.#options.dialect.rejectsChecksums && Object.keys({ ...headers }).some(isChecksumHeader)) {
      throw new S3Error(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
    }
    if (effect?.type === 'slow') await delay(effect.ms);
    if (headers.expect === '100-continue') response.writeContinue();
    const body = checkedBody(request, verified);
    const answer = await this.#operations.run({ addressed, request, permissions, body, effect });
    if (effect?.type === 'dropAfter') request.socket.destroy();
    else await this.#send(answer, response, effect?.type === 'cutBody' || effect?.type === 'stallBody' ? effect : null);
  }

  async #send(
    answer: Answer,
    response: ServerResponse,
    cut: { type: 'cutBody' | 'stallBody'; bytes: number } | null,
  ): Promise<void> {
    const { status, headers = {}, xml, bytes } = answer;
    if (xml) {
      const text = document(xml.root, xml.content);
      if (cut) {
        response.writeHead(status, {
          ...headers,
          'content-type': 'application/xml',
          'content-length': text.length + 1,
        });
        response.write(text.slice(0, cut.bytes));
        if (cut.type === 'cutBody') response.socket?.end();
        return;
      }
      response.writeHead(status, {
        ...headers,
        'content-type': 'application/xml',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
      return;
    }
    response.writeHead(status, headers);
    if (!bytes) {
      response.end();
      return;
    }
    const { segments, start, end } = bytes;
    if (!cut) {
      await pipeline(Readable.from(this.#options.storage.read(segments, start, end)), response);
      return;
    }
    response.flushHeaders();
    for await (const chunk of this.#options.storage.read(segments, start, start + cut.bytes - 1)) response.write(chunk);
    if (cut.type === 'cutBody') response.socket?.end();
  }

  async #refuse(thrown: unknown, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    if (response.headersSent || response.destroyed || request.socket.destroyed) {
      response.destroy();
      return;
    }
    const error =
      thrown instanceof S3Error
        ? thrown
        : new S3Error(500, 'InternalError', thrown instanceof Error ? thrown.message : String(thrown));
    const { code, message, fields, status } = error;
    // The rest of a refused body is read, so that the client sees the answer and not a broken connection.
    await drain(request);
    response.writeHead(status, { ...error.headers, 'content-type': 'application/xml' });
    response.end(
      request.method === 'HEAD'
        ? undefined
        : document('Error', { Code: code, Message: message, ...fields, RequestId: requestId }),
    );
  }
}

function isChecksumHeader(name: string): boolean {
  return name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer' || name === 'x-amz-sdk-checksum-algorithm';
}

async function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  request.resume();
  await new Promise<void>((resolve) => {
    request.once('end', resolve);
    request.once('close', resolve);
  });
}
