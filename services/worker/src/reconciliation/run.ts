import {
  HoldfastError,
  ObjectLockedError,
  toHoldfastError,
  type Destination,
  type ExpectedBackup,
  type ObjectStore,
  type ReconciliationReport,
} from '@holdfast/shared/domain';
import type { OrphanKey } from '@holdfast/persistence';
import type { Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from '../deps.ts';
import { Batch } from './batches.ts';
import { compare } from './compare.ts';
import { look } from './look.ts';
import { strayObject, Strays, strayUpload, type Stray } from './strays.ts';

/** Rows of one statement. */
const pageSize = 500;
/** Backups that the store is asked about at once. */
const looksAtOnce = 8;
/** So many things of others are listed by their names; more are only counted. */
const mostUnknown = 10_000;
/** What was stored that long ago is in every list. */
const lagMs = 3_600_000;

export interface RunOptions {
  deps: Pick<HandlerDeps, 'persistence' | 'clock' | 'settings'>;
  destination: Destination;
  store: ObjectStore;
  /** The number of the run. */
  run: number;
  signal: AbortSignal;
  logger: Logger;
}

/** One comparison of the catalogue with what a destination holds. Nothing is concluded from what a list does not show. */
export class Run {
  readonly report: ReconciliationReport = {
    objects: 0,
    bytes: 0,
    uploads: 0,
    backups: 0,
    missing: 0,
    changed: 0,
    recovered: 0,
    orphans: 0,
    known: 0,
    removed: 0,
  };
  readonly #options: RunOptions;
  readonly #startedAt: Date;
  /** Backups that the store has and did not list. */
  #unlisted = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#startedAt = options.deps.clock.now();
  }

  /** @throws HoldfastError when the comparison could not be brought to its end: then nothing is removed or forgotten */
  async compare(): Promise<void> {
    const { deps, destination, store, signal } = this.#options;
    const { reconciliations } = deps.persistence;
    const strays = new Strays(destination, await reconciliations.places(), reconciliations);
    const found = new Batch<Stray>(pageSize, (batch) => this.#record(strays, batch));
    const doubtful = new Batch<ExpectedBackup>(looksAtOnce, async (batch) => {
      await Promise.all(batch.map((backup) => this.#judge(backup)));
    });
    for await (const finding of compare(store.list(''), this.#expected(), this.report)) {
      signal.throwIfAborted();
      if (finding.type === 'stray') await found.add(strayObject(finding.object));
      else await doubtful.add(finding.backup);
    }
    await doubtful.flush();
    for await (const upload of store.listUploads('')) {
      signal.throwIfAborted();
      this.report.uploads += 1;
      await found.add(strayUpload(upload));
    }
    await found.flush();
    this.#requireBelievable();
    await reconciliations.forgetOrphans(destination.id, this.#options.run);
  }

  async *#expected(): AsyncGenerator<ExpectedBackup> {
    const { deps, destination } = this.#options;
    let last = '';
    for (;;) {
      const page = await deps.persistence.reconciliations.expected(destination.id, last, pageSize);
      yield* page;
      if (page.length < pageSize) return;
      last = page.at(-1)?.prefix ?? last;
    }
  }

  async #judge(backup: ExpectedBackup): Promise<void> {
    const { deps, store, logger, signal } = this.#options;
    signal.throwIfAborted();
    const { backups } = deps.persistence;
    const damage = await look(store, backup);
    if (damage) {
      this.report[damage.state] += 1;
      logger.debug({ backupId: backup.id, ...damage }, 'a stored backup is damaged');
      return await backups.markDamaged(backup.id, damage);
    }
    if (backup.damaged) {
      this.report.recovered += 1;
      return await backups.clearDamage(backup.id);
    }
    if (this.#startedAt.getTime() - backup.completedAt.getTime() > lagMs) this.#unlisted += 1;
  }

  async #record(strays: Strays, batch: readonly Stray[]): Promise<void> {
    const { deps, destination } = this.#options;
    const orphans = await strays.orphansAmong(batch, deps.clock.now());
    const unknown = this.report.orphans - this.report.known;
    let room = mostUnknown - unknown;
    const recorded = orphans.filter((orphan) => {
      this.report.orphans += 1;
      if (orphan.known) this.report.known += 1;
      return isRecordable(orphan) && (orphan.known || (room -= 1) >= 0);
    });
    await deps.persistence.reconciliations.recordOrphans(destination.id, recorded);
  }

  #requireBelievable(): void {
    const { backups, missing } = this.report;
    if (this.#unlisted > 0) {
      throw new HoldfastError(
        'store_failed',
        `The store's list is not complete, or not in order: it left out ${this.#unlisted} backups that the store holds. Nothing was concluded from it.`,
      );
    }
    if (backups > 1 && missing === backups) {
      throw new HoldfastError(
        'object_missing',
        `None of the ${backups} backups that this destination should hold is there: check its bucket, prefix or folder. Nothing was removed.`,
      );
    }
  }

  /** Removes what is ours to remove and was seen first so long ago. @throws HoldfastError, after it has tried all of it */
  async removeOrphans(): Promise<void> {
    const { deps, destination, run, signal } = this.#options;
    const { reconciliations } = deps.persistence;
    const strays = new Strays(destination, await reconciliations.places(), reconciliations);
    const grace = deps.settings.HOLDFAST_ORPHAN_GRACE_SECONDS;
    let failure: HoldfastError | null = null;
    let last: OrphanKey | null = null;
    for (;;) {
      const page = await reconciliations.removableOrphans(destination.id, run, grace, last, pageSize);
      // The records are asked again: it is they that allow the removal.
      const seen = page.map(({ kind, key, uploadId, size, firstSeenAt: at }) => ({ kind, key, uploadId, size, at }));
      for (const orphan of await strays.orphansAmong(seen, deps.clock.now())) {
        signal.throwIfAborted();
        if (!orphan.known) continue;
        try {
          await this.#remove(orphan);
        } catch (error) {
          // The next comparison after the end of the lock removes it.
          if (error instanceof ObjectLockedError && error.until) continue;
          failure ??= toHoldfastError(error);
        }
      }
      if (page.length < pageSize) break;
      last = page.at(-1) ?? last;
    }
    if (failure) throw failure;
  }

  async #remove(orphan: OrphanKey): Promise<void> {
    const { deps, destination, store, logger } = this.#options;
    const { kind, key, uploadId } = orphan;
    if (kind === 'object') await store.delete(key);
    else await store.abortUpload({ key, uploadId, startedAt: this.#startedAt });
    await deps.persistence.reconciliations.orphanRemoved(destination.id, orphan);
    this.report.removed += 1;
    logger.info({ kind, key }, 'what was left behind was removed');
  }
}

/** What a row can hold, and an index: others may name their objects as they like. */
const isRecordable = ({ key, uploadId }: OrphanKey): boolean =>
  `${key}${uploadId}`.isWellFormed() &&
  !`${key}${uploadId}`.includes('\0') &&
  Buffer.byteLength(key) + Buffer.byteLength(uploadId) <= 2000;
