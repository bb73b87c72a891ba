import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, type PutOptions, type StoredObject } from '@holdfast/shared/domain';
import { abortError, bodyError } from '../streams.ts';
import { BodyReader } from './body-reader.ts';
import { BufferPool } from './buffer-pool.ts';
import { isAway, isNoSuchUpload } from './errors.ts';
import { lookLocked } from './locking.ts';
import type { S3Options } from './options.ts';
import type { Outage, Patience } from './outage.ts';
import { tooLarge, type PartPlan } from './parts.ts';
import type { Removals } from './removals.ts';
import type { ObjectTerms, S3Requests, SentPart } from './requests.ts';
import { etagOfParts, isProven, verifyStored, type Expected } from './verify.ts';

/** What reaches the store: to write and to look, and to remove what a failure left. */
export interface StoreAccess {
  requests: S3Requests;
  removals: Removals;
}

export interface UploadSettings {
  plan: PartPlan;
  /** Parts in flight at the same time, at most. */
  concurrency: number;
  options: S3Options;
  patience: Patience;
}

/** Between the removals of an upload that comes back; the sweep finds one that does so later. */
const lookAgainMs = [100, 400, 1500];
const defaultContentType = 'application/octet-stream';

/** Stores one body of unknown length under one key: whole and verified, or not at all. */
export class Upload {
  readonly #requests: S3Requests;
  readonly #removals: Removals;
  readonly #settings: UploadSettings;
  readonly #key: string;
  readonly #terms: ObjectTerms;
  readonly #pool: BufferPool;
  readonly #outage: Outage;
  readonly #caller: AbortSignal;
  /** Aborted by the first failure, which is its reason: everything else of this upload then stops. */
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #sent: SentPart[] = [];
  readonly #digests: Buffer[] = [];
  #size = 0;
  #uploadId: string | null = null;
  /** The store may hold uploads of this key whose ids never reached us. */
  #strayUploads = false;
  /** The store may hold the object. */
  #objectSent = false;
  /** The store may still take a part whose request did not end well. */
  #partsWereCut = false;

  constructor({ requests, removals }: StoreAccess, settings: UploadSettings, key: string, put: PutOptions) {
    this.#requests = requests;
    this.#removals = removals;
    this.#settings = settings;
    this.#key = key;
    this.#terms = { contentType: put.contentType ?? defaultContentType, retention: put.retention };
    this.#caller = put.signal;
    this.#signal = AbortSignal.any([put.signal, this.#failure.signal]);
    const { concurrency, options, patience } = settings;
    this.#outage = patience.begin();
    // One buffer is filled while the others are on their way.
    this.#pool = new BufferPool({
      budget: options.memoryBudget,
      count: concurrency + 1,
      allocate: options.allocate,
    });
  }

  /** Reads `body` to its end; on a failure it is destroyed. */
  async run(body: Readable): Promise<StoredObject> {
    // Heard from the start: the body may fail before anybody reads it.
    body.on('error', (error) => this.#failure.abort(bodyError(error)));
    const stop = (): void => {
      body.destroy(abortError(this.#signal));
    };
    if (this.#signal.aborted) stop();
    else this.#signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#patiently(() => this.#check());
      const expected = await this.#send(new BodyReader(body));
      const { retention } = this.#terms;
      const found = await this.#patiently(() => lookLocked(this.#requests, this.#key, retention, this.#signal));
      const stored = verifyStored(found, { ...expected, retention }, this.#key);
      if (this.#strayUploads) await this.#patiently(() => this.#removeOwnStrayUploads());
      const { key, size, etag, modifiedAt } = stored;
      return { key, size, etag, modifiedAt };
    } catch (error) {
      this.#failure.abort(bodyError(error));
      await Promise.allSettled(this.#inFlight);
      await this.#cleanUp();
      throw abortError(this.#signal);
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  /** While the store is away nothing is read from the body: its source waits, and memory stays as it is. */
  #patiently<T>(run: () => Promise<T>): Promise<T> {
    return this.#outage.call(this.#signal, run);
  }

  /** A wrong key or a missing bucket must be known before a database is dumped for it. */
  #check(): Promise<void> {
    return this.#briefly((signal) => this.#requests.check(this.#key, signal));
  }

  /** Runs requests whose answers are short within the limit for those. */
  async #briefly<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = AbortSignal.timeout(this.#settings.options.checkTimeoutMs);
    try {
      return await run(AbortSignal.any([this.#signal, limit]));
    } catch (error) {
      if (!limit.aborted || this.#signal.aborted) throw error;
      throw new HoldfastError('store_unreachable', 'The object store did not answer in time.', { cause: error });
    }
  }

  async #send(reader: BodyReader): Promise<Expected> {
    const { plan } = this.#settings;
    for (let number = 1; ; number += 1) {
      const buffer = await this.#pool.acquire(plan.sizeOf(number));
      this.#throwIfStopped();
      const hash = createHash('md5');
      const filled = await reader.fill(buffer, hash);
      const ended = await reader.ended();
      this.#throwIfStopped();
      const md5 = hash.digest();
      const content = buffer.subarray(0, filled);
      this.#size += filled;
      if (this.#size > plan.maxBytes) throw tooLarge(plan);
      if (number === 1 && ended) return this.#sendWhole(content, md5);
      await this.#ensureCreated();
      this.#digests.push(md5);
      this.#track(this.#sendPart(number, content, md5).finally(() => this.#pool.release(buffer)));
      if (ended) return this.#complete();
    }
  }

  async #sendWhole(content: Buffer, md5: Buffer): Promise<Expected> {
    this.#objectSent = true;
    const bytes = { body: content, md5 };
    await this.#patiently(() => this.#requests.putObject(this.#key, bytes, this.#terms, this.#signal));
    return { size: content.length, etag: md5.toString('hex') };
  }

  async #ensureCreated(): Promise<void> {
    if (this.#uploadId !== null) return;
    this.#strayUploads = true;
    let trials = 0;
    const { uploadId, retried } = await this.#patiently(() => {
      trials += 1;
      return this.#requests.createUpload(this.#key, this.#terms, this.#signal);
    });
    this.#uploadId = uploadId;
    this.#strayUploads = retried || trials > 1;
  }

  /** Keeps the promise until it settles; its failure stops the whole upload. */
  #track(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      this.#partsWereCut = true;
      this.#failure.abort(bodyError(error));
    });
    this.#inFlight.add(tracked);
    void tracked.then(() => this.#inFlight.delete(tracked));
  }

  async #sendPart(number: number, content: Buffer, md5: Buffer): Promise<void> {
    const upload = { key: this.#key, uploadId: this.#uploadId ?? '' };
    this.#sent.push(await this.#patiently(() => this.#requests.uploadPart(upload, number, content, md5, this.#signal)));
  }

  async #complete(): Promise<Expected> {
    await Promise.all(this.#inFlight);
    this.#throwIfStopped();
    const parts = this.#sent.toSorted((left, right) => left.number - right.number);
    const allDigests = parts.every(({ digest }) => digest !== null);
    const expected = { size: this.#size, etag: allDigests ? etagOfParts(this.#digests) : null };
    const upload = { key: this.#key, uploadId: this.#uploadId ?? '' };
    this.#objectSent = true;
    await this.#patiently(async () => {
      try {
        await this.#requests.completeUpload(upload, parts, this.#signal);
      } catch (error) {
        if (!(await this.#wasCompleted(error, expected))) throw error;
      }
    });
    return expected;
  }

  /**
   * The answer may be lost while the object is whole: what the store holds decides, if it can only be ours. That it is when
   * its digest says so, or when there is no such upload any more, for only its completion makes an object of this key.
   */
  async #wasCompleted(failure: unknown, expected: Expected): Promise<boolean> {
    const stored = await this.#requests.head(this.#key, this.#signal).catch((unseen: unknown) => {
      if (unseen instanceof HoldfastError && isAway(unseen)) throw unseen;
      return null;
    });
    if (isProven(stored, expected)) return true;
    if (!stored || !(failure instanceof HoldfastError) || !isNoSuchUpload(failure)) return false;
    verifyStored(stored, expected, this.#key);
    return true;
  }

  /** Removes what a failed upload may have left. Its own failures stay hidden behind the first one; the sweep finds the rest. */
  async #cleanUp(): Promise<void> {
    const signal = this.#cleanUpSignal();
    const steps: Promise<void>[] = [];
    if (this.#uploadId !== null) steps.push(this.#abort(this.#uploadId, signal));
    if (this.#strayUploads) steps.push(this.#removeStrayUploads(signal));
    if (this.#objectSent) steps.push(this.#removals.delete(this.#key, signal));
    await Promise.allSettled(steps);
  }

  /**
   * A store may still take parts whose requests were cut off, and then keeps their upload or has it again: such an upload is
   * removed until nothing is known of it.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
   */
  async #abort(uploadId: string, signal: AbortSignal): Promise<void> {
    const upload = { key: this.#key, uploadId };
    await this.#removals.abortUpload(upload, signal);
    for (const pauseMs of this.#partsWereCut ? lookAgainMs : []) {
      await delay(pauseMs, undefined, { signal });
      if ((await this.#requests.listParts(upload, signal)) === null) return;
      await this.#removals.abortUpload(upload, signal);
    }
  }

  /** A key that may not list uploads can still store: a rule of the bucket for unfinished uploads then removes them. */
  async #removeOwnStrayUploads(): Promise<void> {
    try {
      await this.#briefly((signal) => this.#removeStrayUploads(signal));
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'store_denied') throw error;
    }
  }

  /** A key belongs to one attempt, so every other upload of it is a trial of ours. */
  async #removeStrayUploads(signal: AbortSignal): Promise<void> {
    for await (const upload of this.#requests.listUploads(this.#key, signal)) {
      if (upload.key === this.#key && upload.uploadId !== this.#uploadId) {
        await this.#removals.abortUpload(upload, signal);
      }
    }
  }

  #cleanUpSignal(): AbortSignal {
    const { hastyCleanUpMs, checkTimeoutMs } = this.#settings.options;
    const isHasty = this.#caller.aborted || this.#outage.isAway;
    return AbortSignal.timeout(isHasty ? hastyCleanUpMs : checkTimeoutMs);
  }

  #throwIfStopped(): void {
    if (this.#signal.aborted) throw abortError(this.#signal);
  }
}
