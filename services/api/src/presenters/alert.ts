import { alertKinds, alertSubjects, severities, severityOf, type Alert } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

export const alertView = z
  .strictObject({
    id: idView,
    kind: z.enum(alertKinds),
    severity: z.enum(severities).meta({
      description: '`critical`: act now; `warning`: it will come to that if nobody looks; `info`: good to know.',
    }),
    subject: z.strictObject({
      type: z.enum(alertSubjects),
      id: z.string().meta({ description: 'A UUID, the number of a destination, or the name of a service.' }),
    }),
    message: z.string().meta({ description: 'What is wrong and what helps, for people.' }),
    raised_at: timeView,
    seen_at: timeView.meta({ description: 'When it was last found to be so.' }),
    cleared_at: timeView.nullable().meta({ description: 'When it was over; null while it is open.' }),
    acknowledged_at: timeView.nullable().meta({
      description: 'When somebody said that they know of it: nobody is told of it again while it is open.',
    }),
    acknowledged_by: z.string().nullable().meta({ description: 'The name of their token.' }),
  })
  .meta({
    id: 'Alert',
    description: 'Something that lasts and that somebody has to know of.',
    examples: [
      {
        id: '01991f4d-0a10-7c55-b6d1-59760123cafe',
        kind: 'backup_failed',
        severity: 'warning',
        subject: { type: 'database', id: '01991f4c-9a10-7c55-b6d1-597601234ffb' },
        message: 'The last backup of "shop" failed: The database server refused the user name or password.',
        raised_at: '2026-09-02T01:00:11.000Z',
        seen_at: '2026-09-02T07:30:00.000Z',
        cleared_at: null,
        acknowledged_at: null,
        acknowledged_by: null,
      },
    ],
  });

export function presentAlert(alert: Alert): z.input<typeof alertView> {
  return {
    id: alert.id,
    kind: alert.kind,
    severity: severityOf(alert.kind),
    subject: { type: alert.subjectType, id: alert.subjectId },
    message: alert.message,
    raised_at: presentTime(alert.raisedAt),
    seen_at: presentTime(alert.seenAt),
    cleared_at: presentTime(alert.clearedAt),
    acknowledged_at: presentTime(alert.acknowledgedAt),
    acknowledged_by: alert.acknowledgedBy,
  };
}
