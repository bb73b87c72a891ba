import { BSON } from 'mongodb';
import { ArchiveFault } from './blocks.ts';

/** What the first document of an archive says. */
export interface ArchiveHeader {
  /** `7.0.14` */
  serverVersion: string;
  /** `100.18.0` */
  toolVersion: string;
}

/** A collection or view that an archive announces. */
export interface Announced {
  /** Empty for the oplog. */
  database: string;
  collection: string;
  /** `collection`, `view` or `timeseries`; older programs say nothing of collections. */
  type: string;
  /** Options and indexes in canonical extended JSON; empty where there is none, as for the oplog. */
  metadata: string;
}

/** What stands in front of an archive's content. */
export interface Prelude {
  header: ArchiveHeader;
  announced: Announced[];
}

/** The header of a block. */
export interface BlockHeader {
  database: string;
  collection: string;
  /** Whether nothing of that collection follows any more; then `crc` is that of all its documents. */
  isEnd: boolean;
  crc: bigint;
}

const formatVersion = '0.1';

export function parseArchiveHeader(bytes: Buffer): ArchiveHeader {
  const { version, server_version: serverVersion, tool_version: toolVersion } = decode(bytes);
  if (version !== formatVersion) {
    throw new ArchiveFault(`its format is "${String(version)}", and only "${formatVersion}" is known`);
  }
  return { serverVersion: text(serverVersion), toolVersion: text(toolVersion) };
}

export function parseAnnounced(bytes: Buffer): Announced {
  const { db, collection, metadata, type } = decode(bytes);
  return { database: text(db), collection: text(collection), type: text(type ?? ''), metadata: text(metadata ?? '') };
}

export function parseBlockHeader(bytes: Buffer): BlockHeader {
  const { db, collection, EOF: isEnd, CRC: crc } = decode(bytes);
  if (typeof isEnd !== 'boolean' || typeof crc !== 'bigint') throw new ArchiveFault('the header of a block is damaged');
  if (!isEnd && crc !== 0n) throw new ArchiveFault('the header of a block is damaged');
  return { database: text(db), collection: text(collection), isEnd, crc: BigInt.asUintN(64, crc) };
}

function decode(bytes: Buffer): Record<string, unknown> {
  try {
    return BSON.deserialize(bytes, { useBigInt64: true });
  } catch (error) {
    throw new ArchiveFault(`a document of its own is damaged: ${error instanceof Error ? error.message : ''}`);
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new ArchiveFault('a document of its own lacks a name');
  return value;
}
