import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { HoldfastError, ObjectLockedError, type Clock, type OpenUpload } from '@holdfast/shared/domain';
import type { S3Connection } from './connection.ts';
import { isAway, isNoSuchUpload, isNotImplemented } from './errors.ts';
import { pages } from './pages.ts';
import type { S3Requests } from './requests.ts';

/** Null where the store does not tell. */
type Versioning = 'Enabled' | 'Suspended' | 'never' | null;

/** A version of an object, or a delete marker. */
interface Version {
  key: string;
  versionId: string;
  isMarker: boolean;
  isLatest: boolean;
}

/**
 * Everything that removes something, by the keys that alone may do that where a destination has such. What only looks at
 * objects is left to the others.
 */
export class Removals {
  readonly #connection: S3Connection;
  readonly #bucket: string;
  readonly #prefix: string;
  /** By the keys that write and read. */
  readonly #looks: S3Requests;
  readonly #clock: Clock;
  #versioning: Versioning | undefined;

  constructor(connection: S3Connection, looks: S3Requests, clock: Clock) {
    this.#connection = connection;
    this.#bucket = connection.target.bucket;
    this.#prefix = connection.target.prefix;
    this.#looks = looks;
    this.#clock = clock;
  }

  /**
   * Removes an object for good. In a bucket that keeps versions each of them is removed, from the oldest on, so that what
   * is locked stays the object that it is.
   * @throws HoldfastError object_locked
   */
  async delete(key: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#hasVersions(signal))) return await this.#deleteOnly(key, signal);
    const objects: Version[] = [];
    const markers: Version[] = [];
    // Others may have keys that begin with this one.
    for await (const version of this.#versions(key, signal)) {
      if (version.key === key) (version.isMarker ? markers : objects).push(version);
    }
    for (const version of [...objects.toReversed(), ...markers]) await this.#deleteVersion(version, signal);
  }

  /** Keys below the prefix whose newest version is a delete marker. */
  async *listHidden(prefix: string, signal: AbortSignal): AsyncGenerator<string> {
    if (!(await this.#hasVersions(signal))) return;
    for await (const { key, isMarker, isLatest } of this.#versions(prefix, signal)) if (isMarker && isLatest) yield key;
  }

  /** Asked once: a bucket hardly ever changes in this. */
  async versioning(signal: AbortSignal): Promise<Versioning> {
    if (this.#versioning === undefined) this.#versioning = await this.#askVersioning(signal);
    return this.#versioning;
  }

  /** One that keeps no more versions may still have those of before. */
  async #hasVersions(signal: AbortSignal): Promise<boolean> {
    const versioning = await this.versioning(signal);
    return versioning === 'Enabled' || versioning === 'Suspended';
  }

  async abortUpload({ key, uploadId }: Pick<OpenUpload, 'key' | 'uploadId'>, signal: AbortSignal): Promise<void> {
    const action = `Removing the unfinished upload of "${key}"`;
    try {
      const { $metadata: answer } = await this.#connection.call(action, signal, (options) =>
        this.#connection.client.send(
          new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: this.#prefix + key, UploadId: uploadId }),
          options,
        ),
      );
      if (answer.httpStatusCode === 204 || (await this.#looks.listParts({ key, uploadId }, signal)) === null) return;
    } catch (error) {
      if (!(error instanceof HoldfastError) || !isNoSuchUpload(error)) throw error;
      return;
    }
    throw this.#notDone(action);
  }

  async #askVersioning(signal: AbortSignal): Promise<Versioning> {
    try {
      const { Status } = await this.#connection.call('Asking whether the bucket keeps versions', signal, (options) =>
        this.#connection.client.send(new GetBucketVersioningCommand({ Bucket: this.#bucket }), options),
      );
      return Status ?? 'never';
    } catch (error) {
      if (signal.aborted || !(error instanceof HoldfastError) || isAway(error)) throw error;
      return isNotImplemented(error) ? 'never' : null;
    }
  }

  /** Where no version is known of. A bucket that then answers with one has only hidden the object: that is undone. */
  async #deleteOnly(key: string, signal: AbortSignal): Promise<void> {
    const action = `Removing "${key}"`;
    try {
      const {
        $metadata: answer,
        VersionId: versionId,
        DeleteMarker: isMarker,
      } = await this.#send(action, { key, versionId: undefined }, signal);
      if (isMarker === true && versionId !== undefined) {
        await this.#send(action, { key, versionId }, signal).catch(() => undefined);
        throw new HoldfastError(
          'store_denied',
          `${action} failed: the bucket "${this.#bucket}" keeps versions, and the access key may not ask for them. Allow it s3:GetBucketVersioning, s3:ListBucketVersions and s3:DeleteObjectVersion.`,
        );
      }
      // Any other answer than "no content" may be an error that came as a 200, or not the store's at all.
      if (answer.httpStatusCode === 204 || (await this.#looks.head(key, signal)) === null) return;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'object_missing') throw error;
      return;
    }
    throw this.#notDone(action);
  }

  async #deleteVersion({ key, versionId, isMarker }: Version, signal: AbortSignal): Promise<void> {
    const action = isMarker ? `Removing the delete marker of "${key}"` : `Removing a version of "${key}"`;
    try {
      const { $metadata: answer } = await this.#send(action, { key, versionId }, signal);
      if (answer.httpStatusCode !== 204) throw this.#notDone(action);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (error.code === 'object_missing') return;
      if (!isAway(error) && !isMarker) await this.#requireUnlocked(key, versionId, signal);
      throw error;
    }
  }

  /** Most stores refuse what is locked with the words for a missing permission. @throws HoldfastError object_locked */
  async #requireUnlocked(key: string, versionId: string, signal: AbortSignal): Promise<void> {
    const lock = await this.#looks.lockOf(key, versionId, signal).catch(() => null);
    if (lock?.isHeld) throw new ObjectLockedError(key, null);
    if (lock?.until && lock.until > this.#clock.now()) throw new ObjectLockedError(key, lock.until);
  }

  #send(action: string, { key, versionId }: { key: string; versionId: string | undefined }, signal: AbortSignal) {
    return this.#connection.call(action, signal, (options) =>
      this.#connection.client.send(
        new DeleteObjectCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
        options,
      ),
    );
  }

  /** By keys, and the versions of each from the newest on. */
  async *#versions(prefix: string, signal: AbortSignal): AsyncGenerator<Version> {
    const action = 'Listing the versions of objects';
    const listed = pages({
      action,
      host: this.#connection.target.host,
      fetch: (from: { KeyMarker: string; VersionIdMarker?: string } | null) =>
        this.#connection.call(action, signal, (options) =>
          this.#connection.client.send(
            new ListObjectVersionsCommand({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...from }),
            options,
          ),
        ),
      next: ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker }) =>
        KeyMarker ? { KeyMarker, ...(VersionIdMarker ? { VersionIdMarker } : {}) } : undefined,
    });
    for await (const { Versions = [], DeleteMarkers = [] } of listed) {
      const found = [
        ...Versions.map((version) => ({ ...version, isMarker: false })),
        ...DeleteMarkers.map((marker) => ({ ...marker, isMarker: true })),
      ];
      for (const { Key, VersionId = 'null', IsLatest = false, isMarker } of found) {
        if (!Key?.startsWith(this.#prefix)) continue;
        yield { key: Key.slice(this.#prefix.length), versionId: VersionId, isMarker, isLatest: IsLatest };
      }
    }
  }

  #notDone(action: string): HoldfastError {
    return new HoldfastError('store_failed', `${action} failed: ${this.#connection.target.host} confirmed nothing.`);
  }
}
