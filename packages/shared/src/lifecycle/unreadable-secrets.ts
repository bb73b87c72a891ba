import { keyRemedy } from '../domain/secret.ts';
import type { Logger } from '../observability/logger.ts';

/** How many secrets of one kind a key sealed. */
interface Unreadable {
  /** For people: `password of a database`. */
  what: string;
  keyId: string;
  secrets: number;
}

/**
 * Logs at the start of a service which stored secrets no configured key opens. Whatever it finds the service goes on: what
 * opens is of use, and what does not fails with `secret_unreadable` where it is used.
 * @returns the same, in lines for people; none when all open
 */
export async function reportUnreadable(
  secrets: { unreadable(): Promise<Unreadable[]> },
  logger: Logger,
): Promise<string[]> {
  try {
    const found = await secrets.unreadable();
    if (found.length === 0) return [];
    const lines = found.map(({ what, keyId, secrets: count }) => `${what}: ${count}, sealed with a key "${keyId}"`);
    const message = `no configured key opens some of the stored secrets, and what needs one fails: ${keyRemedy}`;
    logger.error({ unreadable: found }, message);
    return [
      `No configured key opens these stored secrets, and what needs one fails:`,
      ...lines,
      `What to do: ${keyRemedy}.`,
    ];
  } catch (error) {
    logger.warn({ err: error }, 'it could not be seen whether the configured keys open the stored secrets');
    return [];
  }
}
