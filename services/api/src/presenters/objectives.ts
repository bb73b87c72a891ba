import { verificationLevels, type Objectives } from '@holdfast/shared/domain';
import { z } from 'zod';

export const objectivesView = z
  .strictObject({
    rpo_seconds: z.int().optional().meta({ description: 'What the newest good backup may be old at most.' }),
    level: z.enum(verificationLevels).optional().meta({ description: 'What must be proven of it.' }),
    rto_seconds: z.int().optional().meta({ description: 'What a restore may take at most.' }),
  })
  .meta({
    id: 'Objectives',
    description: 'What is asked of the backups of a database; what is missing follows from its schedules.',
    examples: [{ rpo_seconds: 93_600, level: 'restorable', rto_seconds: 3600 }],
  });

export const presentObjectives = ({ rpoSeconds, level, rtoSeconds }: Objectives): z.input<typeof objectivesView> => ({
  ...(rpoSeconds === undefined ? {} : { rpo_seconds: rpoSeconds }),
  ...(level === undefined ? {} : { level }),
  ...(rtoSeconds === undefined ? {} : { rto_seconds: rtoSeconds }),
});
