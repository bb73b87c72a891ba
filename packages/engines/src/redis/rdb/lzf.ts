import { RdbFault } from './fault.ts';

/** Decompresses what LibLZF made, which Redis stores longer strings with. */
export function decompressLzf(input: Buffer, size: number): Buffer {
  const output = Buffer.alloc(Math.min(size, input.length * longestRun));
  let from = 0;
  let to = 0;
  const next = (): number => {
    const value = input[from++];
    if (value === undefined) throw damaged();
    return value;
  };
  while (from < input.length) {
    const control = next();
    if (control < 32) {
      const length = control + 1;
      if (from + length > input.length || to + length > output.length) throw damaged();
      input.copy(output, to, from, from + length);
      from += length;
      to += length;
      continue;
    }
    const length = (control >> 5 === 7 ? 7 + next() : control >> 5) + 2;
    const back = ((control & 31) << 8) + next() + 1;
    if (back > to || to + length > output.length) throw damaged();
    // Byte for byte, because what is copied may begin within what it makes.
    for (const end = to + length; to < end; to++) output[to] = output[to - back] ?? 0;
  }
  if (to !== size) throw damaged();
  return output;
}

/** No byte of input stands for more: three make at most 264. */
const longestRun = 264;

const damaged = (): RdbFault => new RdbFault('a compressed string is damaged');
