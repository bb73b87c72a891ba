import type { ExpectedBackup, StoredObject } from '@holdfast/shared/domain';

export type Finding =
  /** The list differs from what is recorded of the backup, or the backup was damaged before. */
  | { type: 'doubtful'; backup: ExpectedBackup }
  /** No backup of those expected has such an object. */
  | { type: 'stray'; object: StoredObject };

/** What went by. */
export interface Tally {
  objects: number;
  bytes: number;
  backups: number;
}

/** A backup with what the list has not shown of it yet. */
interface Open {
  backup: ExpectedBackup;
  unseen: Map<string, number | null>;
}

/**
 * Compares a store's list with the backups that it must hold, both in the order of their keys' bytes, holding one backup at a
 * time. A list in another order makes backups doubtful that are whole: whoever hears of one looks again.
 */
export async function* compare(
  listed: AsyncIterable<StoredObject>,
  expected: AsyncIterable<ExpectedBackup>,
  tally: Tally,
): AsyncGenerator<Finding> {
  const rows = expected[Symbol.asyncIterator]();
  const next = async (): Promise<Open | null> => {
    const { done, value } = await rows.next();
    if (done === true) return null;
    tally.backups += 1;
    return { backup: value, unseen: new Map(value.objects.map(({ key, size }) => [key, size])) };
  };
  let open = await next();
  for await (const object of listed) {
    tally.objects += 1;
    tally.bytes += object.size;
    while (open && isBehind(object.key, open.backup.prefix)) {
      if (isDoubtful(open)) yield { type: 'doubtful', backup: open.backup };
      open = await next();
    }
    const size = open?.unseen.get(object.key);
    if (!open || size === undefined) yield { type: 'stray', object };
    else if (size === null || size === object.size) open.unseen.delete(object.key);
  }
  for (; open; open = await next()) {
    if (isDoubtful(open)) yield { type: 'doubtful', backup: open.backup };
  }
}

/** Whether a list that has come to this key shows nothing of that folder any more. The folder's name is plain ASCII. */
const isBehind = (key: string, prefix: string): boolean => key > prefix && !key.startsWith(prefix);

const isDoubtful = ({ backup, unseen }: Open): boolean => backup.damaged || unseen.size > 0;
