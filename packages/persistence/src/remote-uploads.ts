import type { DataSource } from 'typeorm';
import { remoteUploadEntity } from './entities/remote-uploads.ts';
import { isUuid } from './keys.ts';
import type { RemoteUpload, RemoteUploadRepository } from './repositories.ts';

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
}
