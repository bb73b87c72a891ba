import type { DatabaseFields } from '@holdfast/testing/services';

/** A server on which large databases are made. */
export interface LargeSource {
  /** How to reach it, as a registration says it. */
  fields: Omit<DatabaseFields, 'name' | 'database'> & { type: string };
  /** Makes a database of about that size. @returns its bytes on the server's disk */
  fill(database: string, gigabytes: number): Promise<{ bytes: number }>;
  /** Describes the content, the same for the same content. */
  content(database: string): Promise<string[]>;
  drop(database: string): Promise<void>;
}
