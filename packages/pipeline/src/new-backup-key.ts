import { generateX25519Identity, identityToRecipient } from 'age-encryption';

/** A new pair of keys for backups, as `age-keygen` prints one: the file that opens them, with the public key in a comment. */
export async function newBackupKey(): Promise<string[]> {
  const identity = await generateX25519Identity();
  return [`# public key: ${await identityToRecipient(identity)}`, identity];
}
