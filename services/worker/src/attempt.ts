import type { Lease, Progress, WorkRepository } from '@holdfast/persistence';
import {
  backoffSeconds,
  HoldfastError,
  mayPass,
  toHoldfastError,
  type EngineType,
  type WorkState,
} from '@holdfast/shared/domain';
import { inSpan, observe, withLogFields, type AttemptEnd, type Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from './deps.ts';
import { HeldLease } from './lease.ts';
import { whileHeld } from './while-held.ts';

interface Work extends WorkState {
  id: string;
  requestId: string | null;
}

export interface AttemptScope {
  /** Ends the attempt: the lease was lost, somebody cancelled, the worker must stop, or it takes too long. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** Says what kind of database it is about, as soon as that is known. */
  onEngine: (engine: EngineType) => void;
}

/** What the life of an attempt needs to know of one kind of work. */
export interface AttemptKind<T extends Work, R> {
  name: AttemptEnd['kind'];
  repository: WorkRepository<T>;
  run: (row: T, scope: AttemptScope) => Promise<R>;
  /** @returns false when the attempt is stale */
  settle: (row: T, result: R, bytes: number) => Promise<boolean>;
  /** For the log's last line. */
  summary: (result: R) => Record<string, unknown>;
  /** What the result takes up in its store. */
  storedBytes?: (result: R) => number;
  /** Removes what a failed attempt left where the next one would meet it; called only while the lease is held. */
  cleanUp?: (row: T) => Promise<void>;
  /** Removes what a failed attempt left in a place of its own; called after its end, also when the lease was lost. */
  discard?: (row: T) => Promise<void>;
}

/**
 * One attempt, from claim to settle. The row decides everything: a claim that finds nothing, a settle or a failure that
 * comes too late changes nothing and ends quietly.
 *
 * The queue's own lock and the signal of its job play no part here. A job that the queue believes dead keeps its lease as
 * long as its heartbeats arrive, and a second delivery finds nothing to claim; were the job's signal obeyed too, a
 * hiccup of the queue would cost a backup.
 */
export class Attempt<T extends Work, R> {
  readonly #deps: HandlerDeps;
  readonly #kind: AttemptKind<T, R>;
  readonly #row: T;
  readonly #lease: HeldLease;
  readonly #logger: Logger;
  readonly #startedAt: number;
  #progress: Progress = { progressBytes: 0, estimatedBytes: null };
  #engine: EngineType | null = null;

  /** Claims the work and runs it, unless it is not to be had. @throws what the claim failed with, nothing else */
  static async run<T extends Work, R>(deps: HandlerDeps, kind: AttemptKind<T, R>, id: string): Promise<void> {
    const { workerName: worker, settings } = deps;
    const { types: known } = deps.engines;
    const lease: Lease = { worker, seconds: settings.HOLDFAST_LEASE_SECONDS, engines: known };
    const claimedAt = performance.now();
    const row = await kind.repository.claim(id, lease);
    if (row) return await Attempt.#surrounded(kind, row, () => new Attempt(deps, kind, row, lease, claimedAt).#run());
    const unknown = await kind.repository.setAside(id, known);
    if (unknown === null) deps.logger.debug({ [`${kind.name}Id`]: id }, 'nothing to claim');
    else deps.leftToOthers(unknown);
  }

  /** Names the attempt in every line that is logged and in the trace. */
  static async #surrounded<T extends Work, R>(
    { name }: AttemptKind<T, R>,
    { id, attempt, requestId }: T,
    run: () => Promise<AttemptEnd>,
  ): Promise<void> {
    const attributes = { [`holdfast.${name}_id`]: id, 'holdfast.attempt': attempt };
    await withLogFields({ [`${name}Id`]: id, attempt, requestId }, () =>
      inSpan({ name: `${name} attempt`, attributes }, async (span) => {
        const { outcome, code, engine } = await run();
        span.set({ 'holdfast.outcome': outcome, 'holdfast.engine': engine ?? 'unknown' });
        if (requestId !== null) span.set({ 'holdfast.request_id': requestId });
        if (code !== null) span.fail(code);
      }),
    );
  }

  private constructor(deps: HandlerDeps, kind: AttemptKind<T, R>, row: T, lease: Lease, claimedAt: number) {
    this.#deps = deps;
    this.#kind = kind;
    this.#row = row;
    this.#startedAt = claimedAt;
    const { attempt, id } = row;
    this.#logger = deps.logger;
    this.#lease = new HeldLease({
      claimedAt,
      leaseSeconds: lease.seconds,
      heartbeatSeconds: deps.settings.HOLDFAST_HEARTBEAT_SECONDS,
      beat: () => kind.repository.heartbeat(id, attempt, lease, this.#progress),
      isCancelRequested: () => kind.repository.isCancelRequested(id, attempt),
      logger: this.#logger,
    });
  }

  async #run(): Promise<AttemptEnd> {
    const { name, run } = this.#kind;
    const { HOLDFAST_ATTEMPT_LIMIT_SECONDS: limitSeconds } = this.#deps.settings;
    this.#logger.info(`${name} started`);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(tooLong(limitSeconds)), limitSeconds * 1000);
    const scope: AttemptScope = {
      signal: AbortSignal.any([this.#lease.signal, this.#deps.stopping, limit.signal]),
      onProgress: (progress) => {
        this.#progress = progress;
      },
      onEngine: (engine) => {
        this.#engine = engine;
      },
    };
    try {
      const outcome = await run(this.#row, scope).then(
        (result) => ({ result }),
        (error: unknown) => ({ error: toHoldfastError(error) }),
      );
      const { seconds, bytes } = this.#measures();
      const end = {
        kind: name,
        engine: this.#engine,
        seconds,
        bytes,
        ...('error' in outcome
          ? { outcome: await this.#endFailed(outcome.error), code: outcome.error.code, storedBytes: null }
          : {
              outcome: await this.#endDone(outcome.result),
              code: null,
              storedBytes: this.#kind.storedBytes?.(outcome.result) ?? null,
            }),
      };
      observe(() => this.#deps.observers?.attemptEnded(end));
      return end;
    } finally {
      clearTimeout(timer);
      this.#lease.release();
    }
  }

  async #endDone(result: R): Promise<AttemptEnd['outcome']> {
    const { name, settle, repository, summary } = this.#kind;
    const { id, attempt } = this.#row;
    const settled = await this.#tell('settle', async () => {
      if (await settle(this.#row, result, this.#progress.progressBytes)) return true;
      // The answer to an earlier try may have been lost on its way: then this attempt is settled, and its result stays.
      const row = await repository.find(id);
      return row?.status === 'done' && row.attempt === attempt;
    });
    if (settled === null) {
      this.#logger.error(`${name} is whole but could not be recorded: it is taken back when its lease ends`);
      return 'unrecorded';
    }
    if (settled) {
      this.#logger.info({ ...this.#measures(), ...summary(result) }, `${name} done`);
      return 'done';
    }
    this.#logger.warn(this.#measures(), `${name} finished after its lease was lost: its result is removed`);
    await this.#quietly('discard', this.#kind.discard);
    return 'lost';
  }

  async #endFailed(error: HoldfastError): Promise<AttemptEnd['outcome']> {
    const { name, cleanUp, discard } = this.#kind;
    const lost = error.code === 'lease_lost';
    if (!lost) await this.#quietly('clean up', cleanUp);
    let outcome: AttemptEnd['outcome'] = 'lost';
    if (lost) this.#logger.warn({ ...this.#measures(), reason: error.message }, `${name} stopped: its lease was lost`);
    else if (error.code === 'stopping') outcome = await this.#handBack();
    else outcome = await this.#fail(error);
    await this.#quietly('discard', discard);
    return outcome;
  }

  async #handBack(): Promise<AttemptEnd['outcome']> {
    const { name, repository } = this.#kind;
    const { id, attempt } = this.#row;
    const { progressBytes } = this.#progress;
    const done = await this.#tell('hand back', () => repository.handBack(id, attempt, progressBytes));
    this.#logger.info({ ...this.#measures(), handedBack: done === true }, `${name} handed back`);
    if (done === null) return 'unrecorded';
    return done ? 'handed_back' : 'lost';
  }

  async #fail(error: HoldfastError): Promise<AttemptEnd['outcome']> {
    const { name, repository } = this.#kind;
    const { id, attempt, failures } = this.#row;
    const { HOLDFAST_RETRY_BASE_SECONDS: baseSeconds, HOLDFAST_RETRY_CAP_SECONDS: capSeconds } = this.#deps.settings;
    const retryInSeconds = backoffSeconds({ baseSeconds, capSeconds }, failures + 1, this.#deps.ids.random());
    const retryable = mayPass(error.code, this.#row.error?.code ?? null);
    const failure = { error: error.toPublic(), retryable, retryInSeconds };
    const { progressBytes } = this.#progress;
    const status = await this.#tell('fail', () => repository.fail(id, attempt, failure, progressBytes));
    const fields = { ...this.#measures(), ...failure.error, ...stackOf(error) };
    if (status === 'scheduled') this.#logger.warn({ ...fields, retryInSeconds }, `${name} failed, will be tried again`);
    else if (status === 'error') this.#logger.error(fields, `${name} failed`);
    else this.#logger.warn(fields, `${name} failed after its lease was lost`);
    if (status === 'scheduled') return 'retried';
    return status === 'error' ? 'failed' : 'lost';
  }

  /** Tells the database how the attempt ended, again and again while the lease lasts. @returns null when it was not heard */
  #tell<A>(what: string, action: () => Promise<A>): Promise<A | null> {
    return whileHeld(this.#lease, action, (error) =>
      this.#logger.warn({ err: error }, `${what} did not reach the database, will be repeated`),
    );
  }

  /** Tidies up as well as it can: what stays is found by the sweep, or by the next attempt. */
  async #quietly(what: string, action: ((row: T) => Promise<void>) | undefined): Promise<void> {
    try {
      await action?.(this.#row);
    } catch (error) {
      this.#logger.warn({ reason: toHoldfastError(error).message }, `${what} failed`);
    }
  }

  #measures(): { bytes: number; seconds: number } {
    const seconds = Math.round(performance.now() - this.#startedAt) / 1000;
    return { bytes: this.#progress.progressBytes, seconds };
  }
}

const tooLong = (seconds: number): HoldfastError =>
  new HoldfastError('timed_out', `The attempt took longer than the ${seconds} seconds that one may take.`);

/** The origin of an error that has no code of ours. Nothing but its text: other fields may hold what a log must not. */
function stackOf(error: HoldfastError): { stack?: string | undefined } {
  return error.code === 'internal' && error.cause instanceof Error ? { stack: error.cause.stack } : {};
}
