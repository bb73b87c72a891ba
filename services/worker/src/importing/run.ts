import { readStoredManifest } from '@holdfast/pipeline';
import {
  manifestName,
  toHoldfastError,
  type BackupFile,
  type Damage,
  type ErrorCode,
  type ImportReport,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { HandlerDeps } from '../deps.ts';
import { look } from '../reconciliation/look.ts';
import { foundBackup } from './found.ts';

/** Manifests that are read at once. */
const readAtOnce = 8;
/** So many are named in the report; more are only counted. */
const mostNamed = 1000;

/** What speaks against one manifest alone; anything else ends the run, as it would befall the next ones too. */
const ofOneManifest: ReadonlySet<ErrorCode> = new Set(['integrity', 'object_missing', 'configuration']);

export interface ImportOptions {
  deps: Pick<HandlerDeps, 'persistence'>;
  destinationId: number;
  store: ObjectStore;
  signal: AbortSignal;
  logger: Logger;
}

/** Reads every backup that a destination holds into the catalogue, and changes nothing that is there. */
export class ImportRun {
  readonly report: ImportReport = {
    manifests: 0,
    imported: 0,
    known: 0,
    databases: 0,
    damaged: [],
    damagedCount: 0,
    refused: [],
    refusedCount: 0,
  };
  readonly #options: ImportOptions;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** @throws HoldfastError when the destination could not be read to its end; what was taken over until then stays */
  async run(): Promise<void> {
    const keys = this.#manifestKeys();
    const stop = new AbortController();
    const lane = async (): Promise<void> => {
      try {
        for await (const key of keys) {
          stop.signal.throwIfAborted();
          await this.#takeOver(key);
        }
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: readAtOnce }, lane));
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw stop.signal.aborted ? stop.signal.reason : failed.reason;
    const byKey = (one: { key: string }, other: { key: string }): number => (one.key < other.key ? -1 : 1);
    this.report.damaged.sort(byKey);
    this.report.refused.sort(byKey);
  }

  async *#manifestKeys(): AsyncGenerator<string> {
    const { store, signal } = this.#options;
    for await (const { key } of store.list('')) {
      signal.throwIfAborted();
      if (key === manifestName || key.endsWith(`/${manifestName}`)) yield key;
    }
  }

  async #takeOver(key: string): Promise<void> {
    const { deps, destinationId, store, signal, logger } = this.#options;
    signal.throwIfAborted();
    const { report } = this;
    report.manifests += 1;
    try {
      const found = foundBackup(await readStoredManifest(store, key, signal));
      const damage = await damageOf(store, found.files);
      // The manifest is the newest object of its backup: what locks it outlasts the other locks.
      const objectLockedUntil = (await store.head(key))?.lockedUntil ?? null;
      const backup = { ...found.backup, objectLockedUntil };
      const taken = await deps.persistence.imports.take(destinationId, { ...found, backup, damage });
      switch (taken.state) {
        case 'known':
          report.known += 1;
          return;
        case 'refused':
          return this.#refuse(key, taken.reason);
        case 'imported':
          report.imported += 1;
          if (taken.newDatabase) report.databases += 1;
          if (damage) this.#note('damaged', key, damage.detail);
          logger.debug({ backupId: found.backup.id, damage }, 'a backup was imported');
      }
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toHoldfastError(thrown);
      if (!ofOneManifest.has(error.code)) throw error;
      this.#refuse(key, error.message);
    }
  }

  #refuse(key: string, reason: string): void {
    this.#note('refused', key, reason);
    this.#options.logger.warn({ key, reason }, 'a manifest was not imported');
  }

  #note(kind: 'refused' | 'damaged', key: string, reason: string): void {
    this.report[`${kind}Count`] += 1;
    const printable = (text: string): string => text.replaceAll('\0', '').toWellFormed();
    if (this.report[kind].length < mostNamed) {
      this.report[kind].push({ key: printable(key), reason: printable(reason) });
    }
  }
}

const damageOf = (store: ObjectStore, files: readonly BackupFile[]): Promise<Damage | null> =>
  look(store, { objects: files.map(({ key, size }) => ({ key, size })) });
