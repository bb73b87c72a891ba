import { scopes, type ApiToken } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

const example = {
  id: '01991f4d-0a10-7c55-b6d1-59760123cafe',
  name: 'nightly',
  scopes: ['databases:read', 'backups:create'],
  created_at: '2026-09-01T09:30:00.000Z',
  expires_at: '2027-09-01T09:30:00.000Z',
  last_used_at: '2026-09-02T03:00:00.000Z',
  revoked_at: null,
};

const shown = z.strictObject({
  id: idView,
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  created_at: timeView,
  expires_at: timeView.nullable(),
  last_used_at: timeView.nullable().meta({ description: 'To the minute; null before its first request.' }),
  revoked_at: timeView.nullable(),
});

export const tokenView = shown.meta({
  id: 'Token',
  description: 'An API token, without the token itself.',
  examples: [example],
});

export const newTokenView = shown.extend({ token: z.string().meta({ description: 'Shown here alone.' }) }).meta({
  id: 'NewToken',
  description: 'An API token that was just made.',
  examples: [{ ...example, last_used_at: null, token: `hf_${'A'.repeat(43)}` }],
});

export function presentToken(token: ApiToken): z.input<typeof tokenView> {
  return {
    id: token.id,
    name: token.name,
    scopes: token.scopes,
    created_at: presentTime(token.createdAt),
    expires_at: presentTime(token.expiresAt),
    last_used_at: presentTime(token.lastUsedAt),
    revoked_at: presentTime(token.revokedAt),
  };
}
