import {
  HoldfastError,
  type OpenUpload,
  type RemoteUploads,
  type StoredObject,
  type UploadedPart,
  type UploadLinks,
} from '@holdfast/shared/domain';
import { checkKey } from '../keys.ts';
import { isNoSuchUpload, isRefusalOfParts } from './errors.ts';
import { lookLocked } from './locking.ts';
import type { S3Options } from './options.ts';
import { planEqualParts } from './parts.ts';
import type { Removals } from './removals.ts';
import type { ListedPart, S3Requests } from './requests.ts';
import { etagOfParts, isProven, plainTag, verifyStored, type Expected } from './verify.ts';

type Upload = Pick<OpenUpload, 'key' | 'uploadId'>;

interface Deps {
  requests: S3Requests;
  removals: Removals;
  /** The destination's prefix, which counts to the length of a key. */
  prefix: string;
  maxParts: number;
  options: S3Options;
  sign: (upload: Upload, links: { count: number; expiresInSeconds: number }) => Promise<string[]>;
  /** Ends what has no signal of its own. */
  closing: AbortSignal;
}

/** Multipart uploads whose parts others send by presigned links. Nothing becomes an object before its size is known to be right. */
export class S3RemoteUploads implements RemoteUploads {
  readonly #deps: Deps;
  readonly #requests: S3Requests;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#requests = deps.requests;
  }

  async open(
    key: string,
    { size, contentType, expiresInSeconds }: { size: number; contentType: string; expiresInSeconds: number },
  ): Promise<UploadLinks> {
    const { prefix, maxParts, options, sign, closing } = this.#deps;
    checkKey(prefix + key);
    const { count, partSize } = planEqualParts(size, { maxParts, firstPart: options.firstPart });
    const { uploadId } = await this.#requests.createUpload(key, { contentType }, closing);
    const upload = { key, uploadId };
    try {
      return { uploadId, partSize, urls: await sign(upload, { count, expiresInSeconds }) };
    } catch (error) {
      await this.#deps.removals.abortUpload(upload, this.#cleanUpSignal()).catch(() => undefined);
      throw error;
    }
  }

  async complete(
    upload: Upload,
    { parts, size, signal, retention }: Parameters<RemoteUploads['complete']>[1],
  ): Promise<StoredObject> {
    checkKey(upload.key);
    const listed = await this.#requests.listParts(upload, signal);
    const object = listed
      ? await this.#putTogether(upload, chosenParts(upload.key, listed, parts), size, signal)
      : await this.#putTogetherBefore(upload.key, { size, etag: etagOf(parts ?? []) }, signal);
    if (retention) {
      const found = await lookLocked(this.#requests, upload.key, retention, signal);
      verifyStored(found, { size, etag: null, retention }, upload.key);
    }
    await this.#removeOtherUploads(upload, signal);
    const { key, etag, modifiedAt } = object;
    return { key, size, etag, modifiedAt };
  }

  async #putTogether(
    upload: Upload,
    parts: readonly ListedPart[],
    size: number,
    signal: AbortSignal,
  ): Promise<StoredObject> {
    const { key } = upload;
    const held = parts.reduce((sum, part) => sum + part.size, 0);
    if (held !== size) throw unverified(`The uploaded parts of "${key}" hold ${held} bytes, ${size} were reported.`);
    const expected = { size, etag: etagOf(parts) };
    try {
      await this.#requests.completeUpload(upload, parts, signal);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (isRefusalOfParts(error)) throw unverified(error.message);
      if (isNoSuchUpload(error)) return await this.#putTogetherBefore(key, expected, signal);
      // The answer may be lost while the object is whole: what the store holds decides, if it can only be this one.
      const stored = await this.#requests.head(key, signal).catch(() => null);
      if (!isProven(stored, expected)) throw error;
      return stored;
    }
    const stored = await this.#requests.head(key, signal);
    try {
      return verifyStored(stored, expected, key);
    } catch (error) {
      // A later call would find it without its upload and could not tell that it is not what was uploaded.
      if (stored) await this.#deps.removals.delete(key, this.#cleanUpSignal()).catch(() => undefined);
      throw error;
    }
  }

  /** The object of an upload that is gone because an earlier call, or one at the same moment, put it together. */
  async #putTogetherBefore(key: string, expected: Expected, signal: AbortSignal): Promise<StoredObject> {
    const stored = await this.#requests.head(key, signal);
    if (stored) return verifyStored(stored, expected, key);
    throw new HoldfastError(
      'object_missing',
      `The store has neither the upload of "${key}" nor the object: the parts have to be uploaded again.`,
    );
  }

  /**
   * A key belongs to one attempt, so every other upload of it is one that was begun again, or whose id never reached us. The
   * object is whole without that, and a key that may not list uploads cannot do it.
   */
  async #removeOtherUploads({ key, uploadId }: Upload, caller: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([caller, this.#cleanUpSignal()]);
    try {
      for await (const other of this.#requests.listUploads(key, signal)) {
        if (other.key === key && other.uploadId !== uploadId) await this.#deps.removals.abortUpload(other, signal);
      }
    } catch {
      // A rule of the bucket for unfinished uploads removes them.
    }
  }

  #cleanUpSignal(): AbortSignal {
    return AbortSignal.timeout(this.#deps.options.checkTimeoutMs);
  }
}

/** The parts that make up the object, in their order, as the store has them. @throws HoldfastError upload_unverified */
function chosenParts(
  key: string,
  listed: readonly ListedPart[],
  reported: readonly UploadedPart[] | null,
): ListedPart[] {
  const byNumber = new Map(listed.map((part) => [part.number, part]));
  const wanted = (reported ?? listed).toSorted((left, right) => left.number - right.number);
  if (wanted.length === 0) throw unverified(`No part of "${key}" was uploaded.`);
  return wanted.map(({ number, etag }, index) => {
    if (number !== index + 1) {
      throw unverified(`The parts of "${key}" have to be numbered from 1 without a gap: part ${index + 1} is missing.`);
    }
    const part = byNumber.get(number);
    if (!part) throw unverified(`Part ${number} of "${key}" was not uploaded.`);
    if (plainTag(part.etag) !== plainTag(etag)) {
      throw unverified(`Part ${number} of "${key}" is not the one that was reported: its ETag is another one.`);
    }
    return part;
  });
}

/** The ETag that the object then has, where those of its parts are digests. */
function etagOf(parts: readonly UploadedPart[]): string | null {
  const digests = parts.toSorted((left, right) => left.number - right.number).map(({ etag }) => plainTag(etag));
  if (digests.length === 0 || !digests.every((digest) => /^[0-9a-f]{32}$/.test(digest))) return null;
  return etagOfParts(digests.map((digest) => Buffer.from(digest, 'hex')));
}

function unverified(message: string): HoldfastError {
  return new HoldfastError('upload_unverified', message);
}
