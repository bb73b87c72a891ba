import { scopes, type Account, type ApiToken, type Session } from '@holdfast/shared/domain';
import { z } from 'zod';
import { boardPath } from '../ui/board.ts';
import { docsPath } from '../ui/docs.ts';
import { accountView, presentAccount } from './account.ts';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

export const sessionView = z
  .strictObject({
    account: accountView,
    token: z.strictObject({ id: idView, name: z.string(), scopes: z.array(z.enum(scopes)) }),
    expires_at: timeView.nullable().meta({
      description: 'When who asks has to sign in again; later with each use. Null for a token that never expires.',
    }),
    links: z.strictObject({ board: z.string(), docs: z.string() }).meta({ description: 'Pages beside the web page.' }),
  })
  .meta({
    id: 'Session',
    description: 'Who is signed in, and what they may do.',
    examples: [
      {
        account: { id: 1, name: 'acme', created_at: '2026-09-01T09:00:00.000Z' },
        token: { id: '01991f4d-0a10-7c55-b6d1-59760123cafe', name: 'ada', scopes: ['admin'] },
        expires_at: '2026-09-02T15:30:00.000Z',
        links: { board: boardPath, docs: docsPath },
      },
    ],
  });

export function presentSession(
  account: Account,
  { id, name, scopes: granted, expiresAt }: ApiToken,
  session: Session | null,
): z.input<typeof sessionView> {
  const ends = [expiresAt, session?.expiresAt].filter((at) => at instanceof Date);
  const first = ends.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
  return {
    account: presentAccount(account),
    token: { id, name, scopes: granted },
    expires_at: presentTime(first),
    links: { board: boardPath, docs: docsPath },
  };
}
