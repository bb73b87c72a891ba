import { pipeline, Transform, type Readable } from 'node:stream';
import { feedProgram, type Program } from '../process/index.ts';

const refused = 'SET transaction_timeout = 0;\n';
/** The setting stands near the beginning, before anything that a user has made. */
const headBytes = 4096;

/**
 * Lets one program run the script that another one makes of an archive. Either's failure ends both.
 * @throws what failed first
 */
export async function fillByScript(input: Readable, writer: Program, runner: Program): Promise<void> {
  const script = withoutTimeout(writer.stdout);
  const both = [feedProgram(input, writer), feedProgram(script, runner)];
  try {
    await Promise.all(both);
  } finally {
    await Promise.allSettled(both);
  }
}

/** A script without the setting that servers before 17 refuse. */
function withoutTimeout(script: Readable): Readable {
  let head: Buffer | null = Buffer.alloc(0);
  const cut = (bytes: Buffer): Buffer => {
    const at = bytes.indexOf(refused);
    return at < 0 ? bytes : Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + refused.length)]);
  };
  const shortened = new Transform({
    transform: (chunk: Buffer, _encoding, callback) => {
      if (head === null) return callback(null, chunk);
      head = Buffer.concat([head, chunk]);
      if (head.length < headBytes) return callback();
      const whole = head;
      head = null;
      callback(null, cut(whole));
    },
    flush: (callback) => callback(null, cut(head ?? Buffer.alloc(0))),
  });
  // Whoever reads hears of a failure.
  pipeline(script, shortened, () => undefined);
  return shortened;
}
