import type { Account } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';

export const accountView = z
  .strictObject({ id: z.int(), name: z.string(), created_at: timeView })
  .meta({ id: 'Account', examples: [{ id: 1, name: 'acme', created_at: '2026-09-01T09:00:00.000Z' }] });

export function presentAccount({ id, name, createdAt }: Account): z.input<typeof accountView> {
  return { id, name, created_at: presentTime(createdAt) };
}
