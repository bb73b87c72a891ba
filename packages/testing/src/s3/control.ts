import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Fault } from './faults.ts';
import type { TestS3, TestUpload } from './index.ts';

/** A line of JSON from whoever started the server; it is answered by a line with the same `id`. */
export type Command = { id: number } & (
  | { type: 'addFaults'; faults: Fault[] }
  | { type: 'clearFaults' }
  /** Answered with everything that the bucket holds. */
  | { type: 'content' }
);

export interface ControlAnswer {
  id: number;
  objects?: { key: string; size: number; etag: string }[];
  uploads?: TestUpload[];
}

/** Lets the parent process, and nobody else, switch faults on and look behind the protocol. */
export function serveControl(server: TestS3, input: Readable, output: Writable): void {
  createInterface({ input }).on('line', (line) => {
    output.write(`${JSON.stringify(obey(server, JSON.parse(line) as Command))}\n`);
  });
}

function obey(server: TestS3, command: Command): ControlAnswer {
  switch (command.type) {
    case 'addFaults':
      server.faults.add(...command.faults);
      return { id: command.id };
    case 'clearFaults':
      server.faults.clear();
      return { id: command.id };
    case 'content':
      return { id: command.id, objects: server.objects(), uploads: server.openUploads() };
  }
}
