import { BSON, Long } from 'mongodb';
import { Crc64 } from '../archive/crc64.ts';

export interface WrittenCollection {
  database: string;
  collection: string;
  type: string;
  metadata: string;
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const terminator = word(0xffffffff);

export function prelude(announced: readonly WrittenCollection[], serverVersion = '7.0.0'): Buffer {
  const header = { concurrent_collections: 4, version: '0.1', server_version: serverVersion, tool_version: '100.99.0' };
  const documents = announced.map(({ database, collection, type, metadata }) =>
    BSON.serialize({ db: database, collection, metadata, size: 0, type }),
  );
  return Buffer.concat([word(0x8199e26d), BSON.serialize(header), ...documents, terminator]);
}

export function block(database: string, collection: string, documents: readonly Uint8Array[]): Buffer {
  const header = BSON.serialize({ db: database, collection, EOF: false, CRC: Long.ZERO });
  return Buffer.concat([header, ...documents, terminator]);
}

export function end(database: string, collection: string, crc: bigint): Buffer {
  const signed = Long.fromBigInt(BigInt.asIntN(64, crc));
  return Buffer.concat([BSON.serialize({ db: database, collection, EOF: true, CRC: signed }), terminator]);
}

/** The whole block and end of a collection. */
export function whole(database: string, collection: string, documents: readonly Uint8Array[]): Buffer {
  const crc = new Crc64();
  for (const document of documents) crc.add(document);
  return Buffer.concat([block(database, collection, documents), end(database, collection, crc.value)]);
}
