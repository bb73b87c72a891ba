import {
  claimAnswer,
  heartbeatAnswer,
  uploadLinks,
  type archiveDetails,
  type RemoteJob,
} from '@holdfast/shared/contracts';
import type { Secret } from '@holdfast/shared/domain';
import type { z } from 'zod';
import { readBody, send } from './http/send.ts';

export type UploadLinks = z.infer<typeof uploadLinks>;
type ArchiveDetails = z.infer<typeof archiveDetails>;

export interface UploadedPart {
  /** With the quotes that the store gave it. */
  etag: string;
  part_number: number;
}

/** What is reported of an archive that was uploaded as a whole. */
export interface ArchiveReport {
  /** Of the stored bytes. */
  sha256: string;
  size: number;
  parts: readonly UploadedPart[];
  archive: ArchiveDetails;
}

/** Ten thousand links of a kilobyte or two. */
const answerLimit = 32 * 1024 * 1024;

/** The endpoints that a remote server uses. Every method sends one request and throws NoAnswer or Refused. */
export class RemoteApi {
  readonly #url: URL;
  readonly #token: Secret;
  readonly #idleSeconds: number;

  constructor(options: { url: URL; token: Secret; idleSeconds: number }) {
    this.#url = options.url;
    this.#token = options.token;
    this.#idleSeconds = options.idleSeconds;
  }

  /** Waits for work. @returns null when none came within `waitSeconds` */
  async claim(waitSeconds: number, signal: AbortSignal): Promise<RemoteJob | null> {
    const body = { wait_seconds: waitSeconds };
    const answer = await this.#request('POST', 'api/remote/jobs/claim', { body, signal, waitSeconds });
    return answer === null ? null : claimAnswer.parse(answer).job;
  }

  /** @returns whether the work is to be stopped */
  async heartbeat(jobId: string, bytes: number, signal: AbortSignal): Promise<boolean> {
    const path = `api/remote/jobs/${jobId}/heartbeat`;
    return heartbeatAnswer.parse(await this.#request('POST', path, { body: { bytes }, signal })).cancelled;
  }

  /** Opens an upload; one that was opened before for the same backup ends. */
  async uploadLinks(backupId: string, size: number, signal: AbortSignal): Promise<UploadLinks> {
    const path = `api/remote/backups/${backupId}?size=${size}`;
    return uploadLinks.parse(await this.#request('GET', path, { signal }));
  }

  /** @param report null: the backup failed */
  async reportBackup(backupId: string, report: ArchiveReport | null, signal: AbortSignal): Promise<void> {
    const body = report
      ? {
          successful: true,
          checksum: report.sha256,
          checksum_type: 'sha256',
          size: report.size,
          parts: report.parts,
          archive: report.archive,
        }
      : { successful: false };
    await this.#request('POST', `api/remote/backups/${backupId}`, { body, signal });
  }

  async reportRestore(backupId: string, successful: boolean, signal: AbortSignal): Promise<void> {
    await this.#request('POST', `api/remote/backups/${backupId}/restore`, { body: { successful }, signal });
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    { body, signal, waitSeconds = 0 }: { body?: unknown; signal: AbortSignal; waitSeconds?: number },
  ): Promise<unknown> {
    // Below the path of the configured URL, if it has one.
    const url = new URL(path, new URL(`${this.#url.pathname.replace(/\/*$/, '')}/`, this.#url));
    const response = await send({
      method,
      url,
      headers: {
        accept: 'application/vnd.pterodactyl.v1+json',
        authorization: `Bearer ${this.#token.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
      signal,
      idleSeconds: this.#idleSeconds + waitSeconds,
    });
    const text = String(await readBody(response, answerLimit));
    return text === '' ? null : (JSON.parse(text) as unknown);
  }
}
