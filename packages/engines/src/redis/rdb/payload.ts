import { Crc64 } from './crc64.ts';

/** What `RESTORE` takes: a value as a file holds it, the file's version and a checksum. */
export function restorePayload({ type, body }: { type: number; body: Buffer }, version: number): Buffer {
  const payload = Buffer.allocUnsafe(1 + body.length + 2 + 8);
  payload[0] = type;
  body.copy(payload, 1);
  payload.writeUInt16LE(version, 1 + body.length);
  const end = payload.length - 8;
  new Crc64().update(payload.subarray(0, end)).digest().copy(payload, end);
  return payload;
}
