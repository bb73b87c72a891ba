import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Journal } from '../journal.ts';

/**
 * How a receiver can answer: `refuse` 500, `busy` 503 with a wish to be left alone for a second, `hang` not at all, `drop` by a
 * reset although it took the message, `slow` after two seconds.
 */
export const receiverFaults = ['refuse', 'busy', 'hang', 'drop', 'slow'] as const;
export type ReceiverFault = (typeof receiverFaults)[number];

/** A message that came whole. */
export interface Heard {
  /** `webhook-id`. */
  id: string;
  body: string;
  /** Its signature is that of the channel's secret. */
  signed: boolean;
  /** It was answered with 2xx. */
  taken: boolean;
}

const slowMs = 2000;

/** The receiver of a webhook, which keeps what it hears. */
export class Receiver {
  readonly heard: Heard[] = [];
  /** Of the channel; known when that is made. */
  signingSecret = '';
  readonly #server: Server;
  readonly #journal: Journal;
  readonly #hanging = new Set<ServerResponse>();
  #fault: ReceiverFault | null = null;

  static async start(journal: Journal): Promise<Receiver> {
    const receiver = new Receiver(journal);
    await new Promise<void>((resolve) => {
      receiver.#server.listen(0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  private constructor(journal: Journal) {
    this.#journal = journal;
    this.#server = createServer((request, response) => this.#hear(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  misbehave(fault: ReceiverFault): void {
    this.#fault = fault;
  }

  /** Answers well again; who was left waiting is told nothing. */
  behave(): void {
    this.#fault = null;
    for (const response of this.#hanging) response.destroy();
    this.#hanging.clear();
  }

  async stop(): Promise<void> {
    this.behave();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #hear(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.setEncoding('utf8');
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('data', (text: string) => (body += text));
    request.on('end', () => {
      const id = String(request.headers['webhook-id']);
      const fault = this.#fault;
      const taken = fault === null || fault === 'slow';
      this.heard.push({ id, body, signed: isSigned(request, id, body, this.signingSecret), taken });
      this.#journal.write('told', { id, fault, body });
      this.#answer(response, fault);
    });
  }

  #answer(response: ServerResponse, fault: ReceiverFault | null): void {
    switch (fault) {
      case null:
        response.writeHead(204).end();
        return;
      case 'refuse':
        response.writeHead(500).end('not now');
        return;
      case 'busy':
        response.writeHead(503, { 'retry-after': '1' }).end();
        return;
      case 'hang':
        this.#hanging.add(response);
        return;
      case 'drop':
        response.socket?.resetAndDestroy();
        return;
      case 'slow':
        setTimeout(() => response.writeHead(204).end(), slowMs).unref();
        return;
    }
  }
}

/** As standardwebhooks.com has it, by nothing but Node. */
function isSigned({ headers }: IncomingMessage, id: string, body: string, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
  const wanted = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(wanted);
}
