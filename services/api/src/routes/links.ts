import type { LinkClaims } from '@holdfast/shared/security';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { forbidden } from '../http/problem.ts';

/** The query of a link whose token is the permission. */
export const linkQuery = z.object({
  token: z
    .unknown()
    .optional()
    .meta({
      description: 'As the link has it.',
      override: { type: 'string' },
      examples: ['token1234'],
    }),
});

/** What the token of a link to a backup opens. @throws Problem 403 when it is none, has expired, or is of another backup */
export function openedBy(
  { deps, query: { token } }: { deps: ApiDeps; query: z.output<typeof linkQuery> },
  backupId: string,
): LinkClaims {
  const claims = typeof token === 'string' ? deps.linkSigner.verify(token, deps.clock.now()) : null;
  if (claims?.backupId === backupId) return claims;
  throw forbidden('This link is not valid or has expired: ask for a new one.');
}
