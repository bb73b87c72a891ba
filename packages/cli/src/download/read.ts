import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isUnreachable } from '../explain.ts';
import { CliError, exits } from '../exits.ts';

export interface Source {
  /** Makes a link that needs no token. */
  link: () => Promise<string>;
  /** Of what is stored, such as `sha256:…`; null where there is none. */
  checksum: string | null;
  name: string;
}

export interface Watching {
  signal: AbortSignal;
  say: (text: string) => void;
}

/** What came down in full. */
export interface Whole {
  size: number;
  checksum: string;
}

const mostResumptions = 5;
const pauseMs = 500;

/** Takes each chunk; comes back when there is room for the next. */
export type Write = (chunk: Uint8Array) => Promise<void>;

/**
 * Reads what a link leads to, and goes on where the connection broke.
 * @param begin is told the name that the archive offers itself under, and says where it goes
 * @throws CliError failed, when what came differs from its checksum: then none of it must be used
 */
export async function read(
  source: Source,
  begin: (name: string) => Promise<Write>,
  watching: Watching,
): Promise<Whole> {
  const { signal } = watching;
  const opened = await open(await source.link(), 0, null, signal);
  const expected = expectedOf(opened, source.checksum);
  const write = await begin(offeredName(opened) ?? source.name);
  const hash = createHash(expected.type);
  let [size, broken] = [0, 0];
  let response: Response | null = opened;
  for (;;) {
    try {
      response ??= await open(await source.link(), size, opened.headers.get('etag'), signal);
      for await (const chunk of response.body ?? []) {
        hash.update(chunk);
        size += chunk.length;
        await write(chunk);
      }
      const total = totalOf(opened);
      if (total === null || size >= total) break;
      throw new EndedEarly(`The connection ended after ${size} of ${total} bytes.`);
    } catch (error) {
      const isBroken = error instanceof EndedEarly || isUnreachable(error);
      if (signal.aborted || !isBroken || broken === mostResumptions) throw error;
      broken += 1;
      response = null;
      watching.say(`The connection broke after ${size} bytes: going on from there.`);
      await pause(pauseMs * broken, undefined, { signal });
    }
  }
  const checksum = `${expected.type}:${hash.digest('hex')}`;
  if (checksum !== `${expected.type}:${expected.digest}`) {
    throw new CliError(
      exits.failed,
      `What came down is not the backup: its checksum is ${checksum} instead of ${expected.type}:${expected.digest}. Nothing of it must be used.`,
    );
  }
  return { size, checksum };
}

/** Less came than was announced, without an error of the connection. */
class EndedEarly extends CliError {
  constructor(message: string) {
    super(exits.failed, message);
  }
}

/** @throws CliError, when the answer is not the wanted part */
async function open(link: string, from: number, etag: string | null, signal: AbortSignal): Promise<Response> {
  const headers = from === 0 ? {} : { Range: `bytes=${from}-`, ...(etag === null ? {} : { 'If-Range': etag }) };
  const response = await fetch(link, { headers, signal });
  if (response.status === (from === 0 ? 200 : 206)) return response;
  await response.body?.cancel();
  throw new CliError(
    response.status === 403 ? exits.refused : exits.failed,
    from > 0 && response.ok
      ? 'The connection broke, and the place cannot go on from there: try again.'
      : `The archive could not be read: ${new URL(link).host} answered ${response.status}.`,
  );
}

const totalOf = ({ headers }: Response): number | null => {
  const length = headers.get('content-length');
  return length === null ? null : Number(length);
};

/** The service names the digest of what comes down, which differs from the stored one where it decrypts on the way. */
function expectedOf({ headers }: Response, stored: string | null): { type: string; digest: string } {
  const pattern = /^"?(sha256|sha512|sha1|md5):([0-9a-f]+)"?$/;
  const [, type, digest] = pattern.exec(headers.get('etag') ?? '') ?? pattern.exec(stored ?? '') ?? [];
  if (type !== undefined && digest !== undefined) return { type, digest };
  throw new CliError(exits.failed, 'There is no checksum to compare the archive with.');
}

/** The name under which the answer offers itself, without any folder. */
function offeredName({ headers }: Response): string | null {
  const [, name] = /filename="([^"]+)"/.exec(headers.get('content-disposition') ?? '') ?? [];
  return name ?? null;
}
