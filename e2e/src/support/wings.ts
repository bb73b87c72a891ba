import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** One answer of the panel, as the daemon's log would have it. */
export interface Said {
  request: string;
  status: number;
  /** Of the first error of the body. */
  detail: string | null;
  redirected: boolean;
}

interface Part {
  etag: string;
  part_number: number;
}

const failure = { checksum: '', checksum_type: '', size: 0, successful: false, parts: null };

/** The daemon gives up what it asks of the panel after so many milliseconds of trying, each try after so many more. */
const patienceMs = 30_000;
const longestPauseMs = 12_000;

/** Replays what the game-server daemon Wings sends when it backs up to S3. */
export class Wings {
  readonly #panel: string;
  readonly #token: string;
  readonly said: Said[] = [];

  constructor(panel: string, token: string) {
    this.#panel = panel;
    this.#token = token;
  }

  /** Uploads an archive and reports it. @throws Error with why, without a local copy any more */
  async backUp(backupId: string, file: string): Promise<void> {
    const report = await this.upload(backupId, file).catch((error: unknown) => {
      rmSync(file, { force: true });
      throw error;
    });
    await this.settle(backupId, file, report);
  }

  /** Reports an archive, and deletes the local copy when the panel refuses the report. @throws Error with why */
  async settle(backupId: string, file: string, report: object): Promise<void> {
    try {
      await this.report(backupId, report);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  /** @returns the report of success; one of failure is sent where it fails. @throws Error with why */
  async upload(backupId: string, file: string): Promise<object> {
    try {
      const { size } = statSync(file);
      const path = `/backups/${backupId}?size=${size}`;
      const links = (await this.#ask('GET', path)) as { parts: string[]; part_size: number };
      const parts: Part[] = [];
      for (const [index, link] of links.parts.entries()) {
        const start = index * links.part_size;
        const length = index + 1 < links.parts.length ? links.part_size : size - start;
        parts.push({ etag: await this.#put(link, file, start, length), part_number: index + 1 });
      }
      return { checksum: await sha1(file), checksum_type: 'sha1', size, successful: true, parts };
    } catch (error) {
      await this.report(backupId, failure);
      throw error;
    }
  }

  async report(backupId: string, body: object): Promise<void> {
    await this.#ask('POST', `/backups/${backupId}`, body);
  }

  /** Tries again after what may pass by itself, and never after what the panel refuses. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const begun = performance.now();
    for (let pauseMs = 500; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      const answer = await this.#once(method, path, body).catch(() => null);
      if (answer && answer.status < 300) return answer.body;
      const refused = answer !== null && answer.status < 500;
      if (refused || performance.now() - begun + pauseMs > patienceMs) {
        throw new Error(`${method} ${path}: HTTP ${answer?.status ?? 'none'} ${answer?.detail ?? ''}`);
      }
      await delay(pauseMs);
    }
  }

  async #once(method: string, path: string, body?: object) {
    const answer = await fetch(`${this.#panel}/api/remote${path}`, {
      method,
      // As its own client does, which makes a GET of a redirected POST.
      redirect: 'follow',
      headers: {
        'User-Agent': `Pterodactyl Wings/v1.11.13 (id:${this.#token.split('.')[0] ?? ''})`,
        Accept: 'application/vnd.pterodactyl.v1+json',
        'Content-Type': 'application/json',
        Authorization: `Bearer ${this.#token}`,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    const parsed = (text === '' ? null : JSON.parse(text)) as { errors?: { detail: string }[] } | null;
    const detail = parsed?.errors?.[0]?.detail ?? null;
    this.said.push({ request: `${method} ${path}`, status: answer.status, detail, redirected: answer.redirected });
    return { status: answer.status, body: parsed, detail };
  }

  /** @returns the ETag, with its quotes */
  async #put(link: string, file: string, start: number, length: number): Promise<string> {
    for (let pauseMs = 500, tried = 0; ; pauseMs *= 2, tried += 1) {
      const { status, etag } = await putOnce(link, file, start, length);
      if (status === 200) return etag;
      if (status < 500 || tried === 5) throw new Error(`The store answered HTTP ${status} to a part.`);
      await delay(pauseMs);
    }
  }
}

function putOnce(link: string, file: string, start: number, length: number): Promise<{ status: number; etag: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Length': length, 'Content-Type': 'application/x-gzip' };
    const sent = request(link, { method: 'PUT', headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, etag: answer.headers.etag ?? '' }));
    });
    sent.once('error', reject);
    createReadStream(file, { start, end: start + length - 1 }).pipe(sent);
  });
}

async function sha1(file: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Whether the daemon still has its local copy. */
export const isKept = (file: string): boolean => existsSync(file);
