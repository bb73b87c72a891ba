import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An HTTP server that keeps what it hears, and answers as the test says. */
export interface Receiver {
  url: string;
  heard: Heard[];
  /** The bodies as JSON, those of a path where one is given. */
  json<T>(path?: string): T[];
  answer: (heard: Heard, response: ServerResponse) => void;
  stop(): Promise<void>;
}

export const thankYou: Receiver['answer'] = (_heard, response) => void response.end('thank you');

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const heard = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      receiver.heard.push(heard);
      receiver.answer(heard, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: [],
    json: <T>(path?: string) =>
      receiver.heard.filter((one) => path === undefined || one.path === path).map(({ body }) => JSON.parse(body) as T),
    answer: thankYou,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
