import type { Server } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';

const example = {
  id: 1,
  name: 'node-1',
  created_at: '2026-09-01T09:30:00.000Z',
  last_seen_at: '2026-09-02T03:00:00.000Z',
};

const shown = z.strictObject({
  id: z.int(),
  name: z.string(),
  created_at: timeView,
  last_seen_at: timeView.nullable().meta({ description: 'To the minute; null before its first request.' }),
});

export const serverView = shown.meta({
  id: 'Server',
  description: 'A remote server that makes its own archives.',
  examples: [example],
});

export const newServerView = shown
  .extend({ token: z.string().meta({ description: 'Shown here alone: `<id>.<secret>`.' }) })
  .meta({
    id: 'NewServer',
    description: 'A remote server that was just registered, with its token.',
    examples: [{ ...example, last_seen_at: null, token: `${'A'.repeat(16)}.${'b'.repeat(64)}` }],
  });

export function presentServer({ id, name, createdAt, lastSeenAt }: Server): z.input<typeof serverView> {
  return { id, name, created_at: presentTime(createdAt), last_seen_at: presentTime(lastSeenAt) };
}
