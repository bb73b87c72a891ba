import { BSON } from 'mongodb';

/** The bytes of a document whose last field is an array of documents that are bytes already. */
export function withRawArray(head: BSON.Document, field: string, documents: readonly Uint8Array[]): Buffer {
  const elements = documents.flatMap((document, at) => [element(3, String(at)), document]);
  const array = wrap(elements);
  const front = BSON.serialize(head).subarray(4, -1);
  return wrap([front, element(4, field), array]);
}

/** The same with a document around it. */
export function withRawDocument(field: string, inner: Uint8Array, tail: BSON.Document): Buffer {
  return wrap([element(3, field), inner, BSON.serialize(tail).subarray(4, -1)]);
}

function wrap(parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([...parts, Buffer.alloc(1)]);
  const length = Buffer.alloc(4);
  length.writeInt32LE(body.length + 4);
  return Buffer.concat([length, body]);
}

const element = (type: number, name: string): Buffer => Buffer.concat([Buffer.of(type), Buffer.from(`${name}\0`)]);
