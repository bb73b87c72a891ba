import { HoldfastError } from '@holdfast/shared/domain';

interface Page {
  /** Every list of S3 says it. */
  IsTruncated?: boolean | undefined;
}

interface Paging<P extends Page, M> {
  /** What is listed, for messages. */
  action: string;
  host: string;
  /** @param from null for the first page; @returns null when there is nothing to be listed */
  fetch: (from: M | null) => Promise<P | null>;
  /** Where the page after this one begins, as the store says it. */
  next: (page: P) => M | undefined;
}

/**
 * Yields the pages of a list to its end. An error that comes as a 200, or a proxy's page, would be read as a list of
 * nothing, and then nothing would be removed, or a removal believed.
 * @throws HoldfastError store_failed when an answer is no list, or does not say how the list goes on
 */
export async function* pages<P extends Page, M>({ action, host, fetch, next }: Paging<P, M>): AsyncGenerator<P> {
  for (let from: M | null = null; ;) {
    const page = await fetch(from);
    if (page === null) return;
    mustBeList(page, action, host);
    yield page;
    if (!page.IsTruncated) return;
    const following = next(page);
    if (following === undefined || JSON.stringify(following) === JSON.stringify(from)) {
      throw new HoldfastError('store_failed', `${action} failed: ${host} does not say how the list goes on.`);
    }
    from = following;
  }
}

/** @throws HoldfastError store_failed */
export function mustBeList(page: Page, action: string, host: string): void {
  if (page.IsTruncated !== undefined) return;
  throw new HoldfastError('store_failed', `${action} failed: ${host} sent something that is not a list.`);
}
