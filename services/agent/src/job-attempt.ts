import type { RemoteJob } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { AgentOptions } from './agent.ts';
import type { ArchiveReport } from './api.ts';
import { Heartbeats } from './heartbeats.ts';
import { NoAnswer, Refused } from './http/errors.ts';
import { persist } from './http/persist.ts';
import { runBackup } from './jobs/backup.ts';
import type { JobRun } from './jobs/context.ts';
import { runRestore } from './jobs/restore.ts';
import type { Source } from './sources/index.ts';

/** Seconds that a report may still take when the agent has to stop. */
export const lastReportSeconds = 8;

/** One job from its claim to its report. Never throws: whatever happens is reported and logged. */
export class JobAttempt {
  readonly #options: AgentOptions;
  readonly #job: RemoteJob;
  readonly #abort: AbortSignal;
  readonly #logger: Logger;
  #bytes = 0;

  constructor(options: AgentOptions, job: RemoteJob, abort: AbortSignal) {
    this.#options = options;
    this.#job = job;
    this.#abort = abort;
    const { id, kind, backup_id: backupId, database } = job;
    this.#logger = options.logger.child({ jobId: id, kind, backupId, database: database.name });
  }

  async run(): Promise<void> {
    const { api, spool } = this.#options;
    const { id, kind, heartbeat_seconds: silenceSeconds } = this.#job;
    const startedAt = performance.now();
    this.#logger.info('job begun');
    const heartbeats = new Heartbeats({
      api,
      jobId: id,
      silenceSeconds,
      bytes: () => this.#bytes,
      logger: this.#logger,
    });
    try {
      const report = await this.#work(AbortSignal.any([heartbeats.signal, this.#abort]));
      await this.#report(report);
      const seconds = (performance.now() - startedAt) / 1000;
      if (report !== 'failed') this.#logger.info({ seconds, bytes: this.#bytes }, 'job done');
    } catch (error) {
      this.#logger.error({ reason: (error as Error).message }, 'the service does not take the report of this job');
    } finally {
      await heartbeats.end();
      await spool
        .remove(id, kind)
        .catch((error: unknown) => this.#logger.error({ err: error }, 'spool file not removed'));
    }
  }

  async #work(signal: AbortSignal): Promise<ArchiveReport | 'restored' | 'failed'> {
    const { api, spool, ids, pace } = this.#options;
    try {
      const onBytes = (plain: number): void => {
        this.#bytes = plain;
      };
      const tools = { api, spool, ids, pace, logger: this.#logger };
      const run: JobRun = { ...tools, job: this.#job, source: this.#source(), signal, onBytes };
      if (this.#job.kind === 'backup') return await runBackup(run);
      const { outcome } = await runRestore(run);
      this.#logger.info({ outcome }, 'restored');
      return 'restored';
    } catch (error) {
      this.#logFailure(error);
      return 'failed';
    }
  }

  /** What this machine knows under the name, whatever the service says it is. */
  #source(): Source {
    const { name, type } = this.#job.database;
    const source = this.#options.sources.get(name);
    if (!source) {
      throw new HoldfastError(
        'configuration',
        `The agent's configuration has no source "${name}": add it to its file.`,
      );
    }
    if (source.type !== type) {
      throw new HoldfastError(
        'configuration',
        `The source "${name}" is of type ${source.type} here, and ${type} at the service.`,
      );
    }
    return source;
  }

  async #report(report: ArchiveReport | 'restored' | 'failed'): Promise<void> {
    const { api, ids, pace } = this.#options;
    const last = new AbortController();
    const shorten = (): void => {
      setTimeout(() => last.abort(new HoldfastError('stopping')), lastReportSeconds * 1000).unref();
    };
    if (this.#abort.aborted) shorten();
    else this.#abort.addEventListener('abort', shorten, { once: true });
    const { signal } = last;
    const options = { ids, pace, logger: this.#logger, signal };
    try {
      await persist('the report', options, () => {
        const { kind, backup_id: backupId } = this.#job;
        if (kind === 'restore') return api.reportRestore(backupId, report === 'restored', signal);
        return api.reportBackup(backupId, typeof report === 'string' ? null : report, signal);
      });
    } finally {
      this.#abort.removeEventListener('abort', shorten);
    }
  }

  #logFailure(error: unknown): void {
    if (error instanceof HoldfastError) this.#logger.error({ code: error.code, reason: error.message }, 'job failed');
    else if (error instanceof Refused || error instanceof NoAnswer)
      this.#logger.error({ reason: error.message }, 'job failed');
    else this.#logger.error({ err: error }, 'job failed');
  }
}
