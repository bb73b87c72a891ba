import { z } from 'zod';

const defaultPerPage = 15;

/** The body of a page of such items. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    data: z.array(item),
    links: z.strictObject({ first: z.url(), last: z.url(), prev: z.url().nullable(), next: z.url().nullable() }),
    meta: z.strictObject({
      current_page: z.int(),
      from: z.int().nullable(),
      last_page: z.int(),
      path: z.url(),
      per_page: z.int(),
      to: z.int().nullable(),
      total: z.int(),
    }),
  });

/** A page of a list with the links and counts that Laravel's clients expect. */
export function presentPage<T>(
  data: readonly T[],
  { page, perPage, total, path }: { page: number; perPage: number; total: number; path: string },
) {
  const last = Math.max(1, Math.ceil(total / perPage));
  const first = (page - 1) * perPage + 1;
  const size = perPage === defaultPerPage ? '' : `per_page=${perPage}&`;
  const link = (to: number) => `${path}?${size}page=${to}`;
  return {
    data,
    links: {
      first: link(1),
      last: link(last),
      prev: page > 1 ? link(page - 1) : null,
      next: page < last ? link(page + 1) : null,
    },
    meta: {
      current_page: page,
      from: data.length > 0 ? first : null,
      last_page: last,
      path,
      per_page: perPage,
      to: data.length > 0 ? first + data.length - 1 : null,
      total,
    },
  };
}
