import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { Exit } from './exits.ts';
import { runProgram } from './program.ts';

interface Asked {
  method: string;
  path: string;
}

/** What a command does with a service that answers like this, and what it sends there. */
export async function answered(
  args: readonly string[],
  answer: (asked: Asked) => { status?: number; body: object },
): Promise<{ exit: Exit; out: string; err: string; sent: unknown[] }> {
  const sent: unknown[] = [];
  const service = createServer((request, response) => {
    const { method = '', url = '' } = request;
    const answering = async (): Promise<void> => {
      if (request.headers['content-type'] === 'application/json') sent.push(await json(request));
      const { status = 200, body } = answer({ method, path: new URL(url, 'http://service').pathname });
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    };
    answering().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  const [out, err] = [new PassThrough(), new PassThrough()];
  const environment = { HOLDFAST_URL: `http://127.0.0.1:${port}`, HOLDFAST_TOKEN: 't' };
  const signal = new AbortController().signal;
  const surroundings = { environment, out, err, input: new PassThrough(), signal, now: () => new Date(0) };
  try {
    const exit = await runProgram(args, surroundings as unknown as Parameters<typeof runProgram>[1]);
    return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? ''), sent };
  } finally {
    service.closeAllConnections();
    service.close();
  }
}
