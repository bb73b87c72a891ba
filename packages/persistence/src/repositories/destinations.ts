import type {
  Destination,
  EngineType,
  LocalSettings,
  S3Destination,
  S3Settings,
  Secret,
  StoreCapabilities,
} from '@holdfast/shared/domain';

export type NewDestination =
  | {
      label: string;
      type: 's3' | 'custom_s3';
      settings: S3Settings;
      accessKey: Secret;
      secretKey: Secret;
      deletionKeys?: S3Destination['deletionKeys'];
    }
  | { label: string; type: 'local'; settings: LocalSettings };

export interface Page<T> {
  items: T[];
  total: number;
}

export interface DestinationRepository {
  create(accountId: number, destination: NewDestination): Promise<Destination>;
  find(id: number): Promise<Destination | null>;
  findOwned(accountId: number, id: number): Promise<Destination | null>;
  /** Newest first. `page` counts from 1. */
  list(accountId: number, page: number, perPage: number): Promise<Page<Destination>>;
  /** The account's oldest destination. */
  findDefault(accountId: number): Promise<Destination | null>;
  /** Replaces everything but id, account and creation time. @returns null when it is unknown */
  replace(accountId: number, id: number, destination: NewDestination): Promise<Destination | null>;
  /** Records what the place can do. */
  setCapabilities(id: number, capabilities: StoreCapabilities): Promise<void>;
  /** What the catalogue says that it holds. */
  usage(id: number): Promise<DestinationUsage>;
  /** Backups whose objects it holds, or may hold. */
  countBackups(id: number): Promise<number>;
  /** @returns what uses it (nothing is deleted then); null when unknown */
  delete(accountId: number, id: number): Promise<DestinationUses | null>;
  /**
   * Hides a destination and has the objects of all its backups removed at once, then the destination itself. Does nothing while
   * a database or schedule uses it, or while one of its backups cannot be deleted.
   * @returns what uses it; null when unknown
   */
  requestDeletion(accountId: number, id: number, requestId?: string): Promise<DestinationUses | null>;
}

export interface DestinationUses {
  backups: number;
  /** Those of the backups that wait, run, are locked or are being restored. */
  busyBackups: number;
  databases: number;
  schedules: number;
  policies: number;
}

export interface Held {
  backups: number;
  /** Bytes as they are stored. */
  bytes: number;
}

/** What a destination holds of one database. Each backup counts in one of the kinds. */
export interface DatabaseUsage {
  id: string;
  name: string;
  type: EngineType;
  good: Held;
  damaged: Held;
  /** Those whose removal was asked for and is not confirmed. */
  leaving: Held;
  waiting: number;
  failed: number;
  /** When the dump of its newest good backup began; null without one. */
  newestAt: Date | null;
}

export interface DestinationUsage {
  /** Of every database that has a backup there, the largest first. */
  databases: DatabaseUsage[];
  /** Backups that are kept and not encrypted. */
  unencrypted: number;
  /** To whom those that are kept are encrypted. */
  recipients: { recipient: string; backups: number }[];
}
