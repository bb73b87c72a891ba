import { until } from '../until.ts';

export interface Answer<T = unknown> {
  status: number;
  body: T;
  headers: Headers;
}

interface PublicError {
  code: string;
  message: string;
}

/** The fields of a backup that tests look at. */
export interface BackupView {
  id: string;
  status: 'scheduled' | 'pending' | 'done' | 'error';
  size: number | null;
  attempt: number;
  checksum: string | null;
  error: PublicError | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
}

export interface RestoreView {
  id: string;
  status: 'scheduled' | 'pending' | 'done' | 'error';
  error: PublicError | null;
}

export interface DatabaseFields {
  name: string;
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  destination_id?: number;
}

/** The HTTP API as a program outside would use it: fetch and a token. */
export class HoldfastClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async request<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await fetch(new URL(path, this.#url), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T, headers: answer.headers };
  }

  /** @throws Error unless the answer has the expected status */
  async expect<T>(expected: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request<T>(method, path, body);
    if (answer.status !== expected) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /** @returns its id */
  async registerDatabase(fields: DatabaseFields): Promise<string> {
    const database = { type: 'postgresql', ...fields };
    const body = await this.expect<{ database: { id: string } }>(201, 'POST', '/api/databases', { database });
    return body.database.id;
  }

  /** @returns its id */
  async createDestination(fields: Record<string, unknown>): Promise<number> {
    return (await this.expect<{ data: { id: number } }>(201, 'POST', '/api/backup-destinations', fields)).data.id;
  }

  async backup(databaseId: string): Promise<BackupView> {
    const path = `/api/databases/${databaseId}/backups`;
    return (await this.expect<{ database_backup: BackupView }>(201, 'POST', path)).database_backup;
  }

  async findBackup(id: string): Promise<BackupView> {
    return (await this.expect<{ database_backup: BackupView }>(200, 'GET', `/api/backups/${id}`)).database_backup;
  }

  /**
   * Polls a backup until it has one of the statuses.
   * @throws Error when it takes longer, or when it ends otherwise
   */
  async waitFor(
    id: string,
    statuses: readonly BackupView['status'][],
    seconds: number,
    pauseMs = 50,
  ): Promise<BackupView> {
    let seen: BackupView | null = null;
    return await until(
      `backup ${id} to become ${statuses.join(' or ')}`,
      seconds,
      async () => {
        seen = await this.findBackup(id);
        if (statuses.includes(seen.status)) return seen;
        if (seen.status === 'done' || seen.status === 'error') {
          throw new Error(`Backup ${id} ended ${seen.status}: ${JSON.stringify(seen.error)}`);
        }
        return null;
      },
      () => `Last seen: ${JSON.stringify(seen)}`,
      pauseMs,
    );
  }

  /** Restores a backup and polls until the restore is final. */
  async restore(databaseId: string, backupId: string, options: unknown, seconds: number): Promise<RestoreView> {
    const path = `/api/databases/${databaseId}/backups/${backupId}/restore`;
    const { id } = await this.expect<{ id: string }>(201, 'POST', path, options);
    return await until(`restore ${id} to end`, seconds, async () => {
      const found = await this.expect<{ backup_restoration: RestoreView }>(
        200,
        'GET',
        `/api/databases/${databaseId}/backup_restorations/${id}`,
      );
      const restore = found.backup_restoration;
      return restore.status === 'done' || restore.status === 'error' ? restore : null;
    });
  }
}
