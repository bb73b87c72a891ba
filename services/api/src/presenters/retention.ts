import {
  retentionReasons,
  workStatuses,
  type RetainableBackup,
  type RetentionDecision,
  type RetentionPolicy,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

const rule = z.int().min(1).nullable();

export const retentionView = z
  .strictObject({
    keep_last: rule.meta({ description: 'The newest good backups.' }),
    keep_days: rule.meta({ description: 'Days, counted back from the newest good backup.' }),
    hourly: rule.meta({ description: 'The newest good backup of each of so many hours that have one.' }),
    daily: rule.meta({ description: 'The same for days, in the time zone of the schedule.' }),
    weekly: rule.meta({ description: 'The same for weeks, which begin on Monday.' }),
    monthly: rule.meta({ description: 'The same for months.' }),
    yearly: rule.meta({ description: 'The same for years.' }),
    minimum: rule.meta({ description: 'Good backups that stay whatever the rules say; 1 when null.' }),
  })
  .meta({
    id: 'Retention',
    description:
      'What is kept of the backups that a schedule makes: what any rule keeps; everything where there is none.',
    examples: [
      {
        keep_last: null,
        keep_days: null,
        hourly: 24,
        daily: 7,
        weekly: 4,
        monthly: 12,
        yearly: null,
        minimum: 3,
      },
    ],
  });

export const presentRetention = (policy: RetentionPolicy): z.input<typeof retentionView> => ({
  keep_last: policy.keepLast ?? null,
  keep_days: policy.keepDays ?? null,
  hourly: policy.hourly ?? null,
  daily: policy.daily ?? null,
  weekly: policy.weekly ?? null,
  monthly: policy.monthly ?? null,
  yearly: policy.yearly ?? null,
  minimum: policy.minimum ?? null,
});

const codes = [...retentionReasons.keep, ...retentionReasons.delete] as const;

export const retentionDecisionView = z
  .strictObject({
    id: idView,
    at: timeView.meta({ description: 'When its dump began: the moment whose content it holds.' }),
    status: z.enum(workStatuses),
    action: z.enum(['keep', 'delete']),
    reasons: z.array(z.strictObject({ code: z.enum(codes), message: z.string() })).min(1),
    expires_at: timeView.nullable().meta({ description: 'When its age ends what alone keeps it, at the earliest.' }),
  })
  .meta({
    id: 'RetentionDecision',
    description: 'What retention would do with a backup, and why.',
    examples: [
      {
        id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        at: '2026-09-02T01:02:00.154Z',
        status: 'done',
        action: 'keep',
        reasons: [{ code: 'keep_last', message: 'Good backup 1 of the last 7.' }],
        expires_at: null,
      },
    ],
  });

export function presentDecision(
  { at, status }: RetainableBackup,
  { id, action, reasons, expiresAt }: RetentionDecision,
): z.input<typeof retentionDecisionView> {
  return {
    id,
    at: presentTime(at),
    status,
    action,
    reasons: reasons.map(({ code, message }) => ({ code, message })),
    expires_at: presentTime(expiresAt),
  };
}
