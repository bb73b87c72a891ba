import type { Socket } from 'node:net';
import { BSON } from 'mongodb';

const opReply = 1;
const opQuery = 2004;
const opMessage = 2013;
const headerBytes = 16;
const longestMessage = 48_000_000;

/** One command. What the `documents` of an insert are stays bytes. */
export interface Command {
  body: BSON.Document;
  /** Sends the answer's bytes. */
  answer(document: Uint8Array): void;
}

/** Reads the commands of a client from a socket, in MongoDB's wire protocol. */
export function onCommands(socket: Socket, handle: (command: Command) => void): void {
  let held: Buffer[] = [];
  let bytes = 0;
  let wanted = 4;
  socket.on('data', (chunk: Buffer) => {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < wanted) return;
    let rest = Buffer.concat(held);
    while (rest.length >= 4) {
      const length = rest.readUInt32LE(0);
      // TLS or anything else that is not the protocol.
      if (length < headerBytes || length > longestMessage) return void socket.destroy();
      wanted = length;
      if (rest.length < length) break;
      wanted = 4;
      handle(commandOf(rest.subarray(0, length), socket));
      rest = rest.subarray(length);
    }
    held = [rest];
    bytes = rest.length;
  });
}

function commandOf(message: Buffer, socket: Socket): Command {
  const requestId = message.readInt32LE(4);
  const isQuery = message.readInt32LE(12) === opQuery;
  const body = isQuery ? queryBody(message) : messageBody(message);
  return {
    body,
    answer: (document) => {
      const front = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
      if (isQuery) front.writeInt32LE(1, 16);
      const header = Buffer.alloc(headerBytes);
      header.writeInt32LE(headerBytes + front.length + document.length);
      header.writeInt32LE(requestId, 8);
      header.writeInt32LE(isQuery ? opReply : opMessage, 12);
      socket.write(Buffer.concat([header, front, document]));
    },
  };
}

/** Drivers begin with the old form of a message, as they do not know yet what the server speaks. */
function queryBody(message: Buffer): BSON.Document {
  const nameEnd = message.indexOf(0, headerBytes + 4);
  return BSON.deserialize(message.subarray(nameEnd + 9));
}

const raw = { fieldsAsRaw: { documents: true }, promoteBuffers: false } as const;

function messageBody(message: Buffer): BSON.Document {
  let at = headerBytes + 4;
  let body: BSON.Document = {};
  const sequences: Record<string, Buffer[]> = {};
  const hasChecksum = (message.readUInt32LE(headerBytes) & 1) === 1;
  const end = message.length - (hasChecksum ? 4 : 0);
  while (at < end) {
    const kind = message.readUInt8(at);
    const length = message.readUInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + length);
    if (kind === 0) body = BSON.deserialize(section, raw);
    else {
      const nameEnd = section.indexOf(0, 4);
      const documents: Buffer[] = [];
      for (let from = nameEnd + 1; from < section.length; from += section.readUInt32LE(from)) {
        documents.push(Buffer.from(section.subarray(from, from + section.readUInt32LE(from))));
      }
      sequences[section.toString('utf8', 4, nameEnd)] = documents;
    }
    at += 1 + length;
  }
  return { ...body, ...sequences };
}
