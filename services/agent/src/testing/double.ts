import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RemoteJob } from '@holdfast/shared/contracts';

type DoubleRequest = 'claim' | 'heartbeat' | 'links' | 'put' | 'report' | 'restoreReport' | 'download';

type Effect =
  | { type: 'answer'; status: number }
  /** Takes so many bytes of the body, or sends so many of the answer's, then cuts the connection. */
  | { type: 'cut'; bytes: number }
  /** Does it, then cuts the connection instead of answering. */
  | { type: 'deaf' }
  /** Does nothing until the double is closed. */
  | { type: 'stall' }
  | { type: 'noEtag' };

export interface Double {
  url: string;
  token: string;
  partSize: number;
  heartbeatSeconds: number;
  cancelled: boolean;
  /** Links of earlier calls are refused. */
  generation: number;
  /** What was asked for, in order; a PUT with its part. */
  log: string[];
  reports: Record<string, unknown>[];
  restoreReports: Record<string, unknown>[];
  heartbeats: number[];
  /** Bytes of every PUT, also of those that were cut or refused. */
  received: { part: number; bytes: Buffer; headers: IncomingMessage['headers'] }[];
  /** What is served for download, by name. */
  files: Map<string, Buffer>;
  /** The next request of that kind has this effect. */
  fault(kind: DoubleRequest, effect: Effect, times?: number): void;
  offer(job: Partial<RemoteJob> & Pick<RemoteJob, 'database'>): RemoteJob;
  link(name: string): string;
  /** The parts of the present upload that were accepted, joined. */
  archive(): Buffer;
  close(): Promise<void>;
}

/** As much of the service and of a store as an agent sees, with faults. */
export async function startDouble(): Promise<Double> {
  const faults: { kind: DoubleRequest; effect: Effect }[] = [];
  const waiting: RemoteJob[] = [];
  const parts = new Map<number, Buffer>();
  const state: Double = {
    url: '',
    token: 'abcdefghijklmnop.hunter2',
    partSize: 64 * 1024,
    heartbeatSeconds: 3,
    cancelled: false,
    generation: 0,
    log: [],
    reports: [],
    restoreReports: [],
    heartbeats: [],
    received: [],
    files: new Map(),
    fault: (kind, effect, times = 1) => {
      for (let time = 0; time < times; time += 1) faults.push({ kind, effect });
    },
    offer: (given) => {
      const id = randomUUID();
      const job = {
        id,
        kind: 'backup' as const,
        backup_id: id,
        heartbeat_seconds: state.heartbeatSeconds,
        restore: null,
        ...given,
      };
      waiting.push(job);
      return job;
    },
    link: (name) => `${state.url}/files/${name}?X-Amz-Signature=hunter2-signature`,
    archive: () => Buffer.concat([...parts].sort(([one], [other]) => one - other).map(([, bytes]) => bytes)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  const respond = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const url = new URL(request.url ?? '/', state.url);
    const kind = kindOf(request.method ?? '', url.pathname);
    const part = Number(url.searchParams.get('partNumber') ?? 0);
    state.log.push(kind === 'put' ? `put ${part}` : (kind ?? 'unknown'));
    const at = faults.findIndex((fault) => fault.kind === kind);
    const effect = at === -1 ? null : (faults.splice(at, 1)[0]?.effect ?? null);
    const answer = (status: number, value?: unknown, headers: Record<string, string> = {}): void => {
      if (effect?.type === 'deaf') request.socket.destroy();
      else response.writeHead(status, headers).end(value === undefined ? '' : JSON.stringify(value));
    };
    if (kind === 'put') state.received.push({ part, bytes: body, headers: request.headers });
    else if (kind !== 'download' && request.headers.authorization !== `Bearer ${state.token}`) {
      return answer(403, { errors: [{ detail: 'You are not authorized to access this resource.' }] });
    }
    if (effect?.type === 'stall') return;
    if (effect?.type === 'answer') return answer(effect.status, { errors: [{ detail: 'a fault' }] });
    switch (kind) {
      case 'claim': {
        const job = waiting.shift();
        return job ? answer(200, { job }) : answer(204);
      }
      case 'heartbeat':
        state.heartbeats.push((JSON.parse(String(body)) as { bytes: number }).bytes);
        return answer(200, { cancelled: state.cancelled });
      case 'links': {
        state.generation += 1;
        parts.clear();
        const count = Math.ceil(Number(url.searchParams.get('size')) / state.partSize);
        const links = Array.from(
          { length: count },
          (_, index) =>
            `${state.url}/bucket/key?partNumber=${index + 1}&upload=${state.generation}&X-Amz-Signature=hunter2-signature`,
        );
        return answer(200, { parts: links, part_size: state.partSize });
      }
      case 'put':
        if (Number(url.searchParams.get('upload')) !== state.generation) return answer(404);
        parts.set(part, body);
        return answer(200, undefined, effect?.type === 'noEtag' ? {} : { etag: `"etag-${part}"` });
      case 'report':
        state.reports.push(JSON.parse(String(body)) as Record<string, unknown>);
        return answer(204);
      case 'restoreReport':
        state.restoreReports.push(JSON.parse(String(body)) as Record<string, unknown>);
        return answer(204);
      case 'download': {
        const file = state.files.get(url.pathname.replace('/files/', ''));
        if (!file) return answer(404);
        response.writeHead(200, { 'content-length': file.length });
        if (effect?.type !== 'cut') return void response.end(file);
        return void response.write(file.subarray(0, effect.bytes), () => request.socket.destroy());
      }
      case null:
        return answer(404);
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    const cut = faults.find((fault) => fault.kind === 'put' && fault.effect.type === 'cut');
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (request.method === 'PUT' && cut?.effect.type === 'cut' && size >= cut.effect.bytes) {
        faults.splice(faults.indexOf(cut), 1);
        const part = Number(new URL(request.url ?? '', state.url).searchParams.get('partNumber'));
        state.received.push({ part, bytes: Buffer.concat(chunks), headers: request.headers });
        state.log.push(`put ${part}`);
        request.socket.destroy();
      }
    });
    request.on('error', () => undefined);
    request.on('end', () => respond(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

function kindOf(method: string, path: string): DoubleRequest | null {
  if (method === 'PUT') return 'put';
  if (path.startsWith('/files/')) return 'download';
  if (path === '/api/remote/jobs/claim') return 'claim';
  if (path.startsWith('/api/remote/jobs/')) return 'heartbeat';
  if (!path.startsWith('/api/remote/backups/')) return null;
  if (method === 'GET') return 'links';
  return path.endsWith('/restore') ? 'restoreReport' : 'report';
}
