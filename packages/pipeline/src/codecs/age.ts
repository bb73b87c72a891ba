import { Decrypter, Encrypter, identityToRecipient, type Identity } from 'age-encryption';
import { HoldfastError, type Keys, type Secret } from '@holdfast/shared/domain';
import type { Codec } from './codec.ts';
import { WebDuplex } from './web-duplex.ts';

/**
 * Encryption in the age format (age-encryption.org/v1), which the program `age` reads and writes. It is authenticated in
 * chunks that are numbered and of which the last is marked: cut, reordered, foreign and appended bytes are all found.
 * @param keys encodes to its recipients; decodes with its identities what was encrypted to its recipients
 */
export function age(keys: Keys): Codec {
  return {
    name: 'age',
    extension: '.age',
    encode: () => {
      if (keys.recipients.length === 0) throw new HoldfastError('configuration', 'There is no key to encrypt to.');
      const encrypter = new Encrypter();
      for (const recipient of keys.recipients) encrypter.addRecipient(recipient);
      return new WebDuplex((plain) => encrypter.encrypt(plain), asError);
    },
    decode: () => new WebDuplex((sealed) => decrypterWith(keys).decrypt(sealed), damaged),
  };
}

/** The public key of a private one. */
export function recipientOf(identity: Secret): Promise<string> {
  return identityToRecipient(identity.reveal());
}

/**
 * Which of the identities opens what begins with these bytes: its public key, or null when none does.
 * @param start bytes from the first on, at least the whole header
 * @throws HoldfastError integrity when the header is damaged
 */
export async function openerOf(start: Uint8Array, keys: Keys): Promise<string | null> {
  for (const identity of keys.identities) {
    try {
      await decrypterWith({ ...keys, identities: [identity] }).decryptHeader(start);
      return await recipientOf(identity);
    } catch (error) {
      const failure = damaged(error);
      if (failure.code !== 'key_missing') throw failure;
    }
  }
  return null;
}

function decrypterWith(keys: Keys): Decrypter {
  const decrypter = new Decrypter();
  for (const identity of keys.identities) decrypter.addIdentity(identity.reveal());
  decrypter.addIdentity(nobody(keys));
  return decrypter;
}

/** Stands behind the identities: it is asked when none of them opened. */
function nobody(keys: Keys): Identity {
  const { recipients, identities } = keys;
  return {
    unwrapFileKey: async () => {
      const own = await Promise.all(identities.map(recipientOf));
      // One of them was to open it: then it is not what was written.
      throw own.some((recipient) => recipients.includes(recipient)) ? damaged(null) : keyMissing(keys);
    },
  };
}

/** Says who could open it. */
export function keyMissing({ recipients, identities }: Keys): HoldfastError {
  const found =
    identities.length === 0 ? 'No private key is configured' : 'None of the configured private keys opens it';
  const wanted = recipients.length > 0 ? ` It takes the private key of ${recipients.join(' or ')}.` : '';
  return new HoldfastError('key_missing', `The backup is encrypted. ${found}.${wanted}`);
}

function damaged(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  return new HoldfastError('integrity', 'The bytes are damaged: they are not what was encrypted.', { cause: error });
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new HoldfastError('internal', undefined, { cause: thrown });
