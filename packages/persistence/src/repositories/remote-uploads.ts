/** An upload that a remote server makes by presigned links. */
export interface RemoteUpload {
  backupId: string;
  attempt: number;
  key: string;
  uploadId: string;
  /** What the server announced, in bytes. */
  size: number;
  partSize: number;
  createdAt: Date;
}

export interface RemoteUploadRepository {
  find(backupId: string): Promise<RemoteUpload | null>;
  /** Makes this the backup's upload. @returns the one before, or null */
  replace(upload: Omit<RemoteUpload, 'createdAt'>): Promise<RemoteUpload | null>;
  /** Lets only one at a time put a backup's upload together. @returns false while another does, or when there is none */
  beginCompleting(backupId: string, seconds: number): Promise<boolean>;
  endCompleting(backupId: string): Promise<void>;
}
