import { reaches, verificationLevels, type Objectives } from '@holdfast/shared/domain';
import { z } from 'zod';

const secondsField = z.int().min(60).max(315_360_000);

/** What somebody asks of backups; null and nothing in it: what the schedules promise. */
export const objectivesField = z
  .strictObject({
    rpo_seconds: secondsField.optional().meta({ description: 'What the newest good backup may be old at most.' }),
    level: z.enum(verificationLevels).optional().meta({ description: 'What must be proven of it.' }),
    rto_seconds: secondsField.optional().meta({ description: 'What a restore may take at most.' }),
  })
  .transform(({ rpo_seconds: rpoSeconds, level, rto_seconds: rtoSeconds }): Objectives | null => {
    const given = Object.entries({ rpoSeconds, level, rtoSeconds }).filter(([, value]) => value !== undefined);
    return given.length === 0 ? null : Object.fromEntries(given);
  })
  .nullable();

/** What a remote server made our workers can read at most. */
export const isUnprovable = (objectives: Objectives | null | undefined, isRemote: boolean): boolean =>
  isRemote && reaches(objectives?.level ?? null, 'restorable');

export const unprovable = 'must not ask for more than "readable" of a database that a remote server backs up';
