import { z } from 'zod';
import { Secret } from '../domain/secret.ts';

/** More would make the header of each file longer than readers take. */
const mostRecipients = 16;

/**
 * Public keys to which backups are encrypted. Given but without a key is a mistake: backups would be stored readable by
 * everybody.
 */
export const recipients = z
  .string()
  .optional()
  .transform((text, context): string[] => {
    if (text === undefined) return [];
    const keys = [...new Set(entries(text))];
    const problem = problemOfRecipients(keys);
    if (problem === null) return keys;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

/** Private keys, as `age-keygen` writes them: its comments are left out. */
export const identities = z
  .string()
  .optional()
  .transform((text, context): Secret[] => {
    if (text === undefined) return [];
    const keys = [...new Set(entries(text))];
    const problem = problemOfIdentities(keys);
    if (problem === null) return keys.map((key) => new Secret(key));
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

/** Keys by commas or lines; a line that begins with `#` is a comment. */
function entries(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter((entry) => entry !== '');
}

function problemOfRecipients(keys: readonly string[]): string | null {
  if (keys.length === 0) return 'holds no key: remove it if backups are to be stored unencrypted';
  if (keys.some((key) => /^age-secret-key-/i.test(key))) {
    return 'holds a private key: give the public one (age-keygen -y shows it), and keep the private one away from here or in HOLDFAST_BACKUP_IDENTITIES';
  }
  const wrong = keys.findIndex((key) => !isBech32(key, 'age', 32) && !isBech32(key, 'age1pq', 1216));
  if (wrong >= 0) {
    return `has as its key number ${wrong + 1} something that is not a public key of age (age1… or age1pq1…), or is mistyped`;
  }
  const quantum = keys.filter((key) => key.startsWith('age1pq1')).length;
  if (quantum > 0 && quantum < keys.length) {
    return 'mixes post-quantum keys (age1pq1…) with others, so that the weaker kind would decide: use one kind';
  }
  return keys.length > mostRecipients ? `holds more than ${mostRecipients} keys` : null;
}

function problemOfIdentities(keys: readonly string[]): string | null {
  if (keys.length === 0) return 'holds no key: remove it if nothing is to be opened here';
  if (keys.some((key) => key.startsWith('age1')))
    return 'holds a public key where private ones (AGE-SECRET-KEY-…) belong';
  const wrong = keys.findIndex(
    (key) => !isBech32(key, 'AGE-SECRET-KEY-', 32) && !isBech32(key, 'AGE-SECRET-KEY-PQ-', 32),
  );
  return wrong < 0
    ? null
    : `has as its key number ${wrong + 1} something that is not a private key of age, or is mistyped`;
}

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const checksumWords = 6;

/** Whether a key is written as BIP 173 has it, with a right checksum: no mistyped one is taken for another key. */
function isBech32(key: string, prefix: string, bytes: number): boolean {
  if (!key.startsWith(`${prefix}1`)) return false;
  const isUpper = prefix === prefix.toUpperCase();
  const encoded = key.slice(prefix.length + 1);
  if (encoded !== (isUpper ? encoded.toUpperCase() : encoded.toLowerCase())) return false;
  const words = encoded
    .toLowerCase()
    .split('')
    .map((letter) => alphabet.indexOf(letter));
  if (words.includes(-1) || words.length !== Math.ceil((bytes * 8) / 5) + checksumWords) return false;
  const codes = prefix
    .toLowerCase()
    .split('')
    .map((letter) => letter.charCodeAt(0));
  return polymod([...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...words]) === 1;
}

function polymod(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    generator.forEach((one, bit) => {
      if ((top >> bit) & 1) sum ^= one;
    });
  }
  return sum;
}
