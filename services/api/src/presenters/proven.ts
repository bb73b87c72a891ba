import { verificationLevels, type Backup } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';

export const levelView = z.enum(verificationLevels).meta({
  id: 'VerificationLevel',
  description:
    '`stored` (objects there, sizes and digests right), `readable` (decoded to their end), `restorable` (restored into a scratch database), `identical` (its content equals the source’s); each includes those before it.',
});

/** What a backup shows of what was proven of it. */
export const provenView = z
  .strictObject({
    level: levelView.nullable().meta({ description: 'What is proven of it now; null when nothing is.' }),
    verified_at: timeView.nullable().meta({ description: 'When a verification last came to a verdict.' }),
    damage: z
      .strictObject({ state: z.enum(['missing', 'changed', 'unfaithful']), detail: z.string(), found_at: timeView })
      .nullable()
      .meta({ description: 'What speaks against the stored backup; null while nothing does.' }),
  })
  .meta({ id: 'Proven', examples: [{ level: 'identical', verified_at: '2026-09-02T02:10:00.311Z', damage: null }] });

export function presentProven({ verifiedLevel, verifiedAt, damage, damagedAt }: Backup): z.input<typeof provenView> {
  return {
    level: verifiedLevel,
    verified_at: presentTime(verifiedAt),
    damage:
      damage && damagedAt ? { state: damage.state, detail: damage.detail, found_at: presentTime(damagedAt) } : null,
  };
}
