import type { DataSource } from 'typeorm';
import { remoteUploadEntity } from './entities/remote-uploads.ts';
import { isUuid } from './keys.ts';
import type { RemoteUpload, RemoteUploadRepository } from './repositories/index.ts';

export class RemoteUploads implements RemoteUploadRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async find(backupId: string): Promise<RemoteUpload | null> {
    if (!isUuid(backupId)) return null;
    return await this.#dataSource.manager.findOneBy(remoteUploadEntity, { backupId });
  }

  async replace(upload: Omit<RemoteUpload, 'createdAt'>): Promise<RemoteUpload | null> {
    const { backupId } = upload;
    return await this.#dataSource.transaction(async (manager) => {
      // The backup's row orders those that replace at the same moment.
      await manager.query('select from holdfast.backups where id = $1 for no key update', [backupId]);
      const before = await manager.findOneBy(remoteUploadEntity, { backupId });
      await manager.upsert(remoteUploadEntity, { ...upload, createdAt: () => 'clock_timestamp()' }, ['backupId']);
      return before;
    });
  }

  async beginCompleting(backupId: string, seconds: number): Promise<boolean> {
    if (!isUuid(backupId)) return false;
    const begun = await this.#dataSource.query<unknown[]>(
      `with begun as (
        update holdfast.remote_uploads set completing_until = clock_timestamp() + make_interval(secs => $2)
        where backup_id = $1 and (completing_until is null or completing_until < clock_timestamp())
        returning backup_id
      ) select backup_id from begun`,
      [backupId, seconds],
    );
    return begun.length > 0;
  }

  async endCompleting(backupId: string): Promise<void> {
    await this.#dataSource.manager.update(remoteUploadEntity, { backupId }, { completingUntil: null });
  }
}
