import { auditActors, auditOutcomes, type AuditEntry } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { idView } from './values.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const auditEntryView = z
  .strictObject({
    id: idView,
    position: z.int().min(1).meta({ description: 'Its place in the log, from 1 without a gap.' }),
    at: timeView,
    actor: z.strictObject({
      type: z.enum(auditActors),
      id: z.string().nullable().meta({ description: 'Of the token.' }),
      name: z.string(),
    }),
    action: z.string().meta({ description: '`<object>.<verb>`.' }),
    outcome: z.enum(auditOutcomes).meta({
      description:
        '`done`; `failed`, where some of it may have happened; `refused` to whoever may not; `unknown`, because the process that did it ended before it could say.',
    }),
    object: z.strictObject({ type: z.string(), id: z.string().nullable(), name: z.string().nullable() }),
    from: z.string().nullable().meta({ description: "The client's address." }),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).meta({
      description:
        '`changed`: the fields that were given, by name, with the values from and to of those that are no secrets; `query`; `in`: what the object was made in.',
    }),
    hash: hash.meta({ description: 'SHA-256 over all this and over the hash of the entry before it.' }),
  })
  .meta({
    id: 'AuditEntry',
    description: 'Who did what to which object, from where.',
    examples: [
      {
        id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        position: 412,
        at: '2026-09-02T01:00:11.000Z',
        actor: { type: 'token', id: '01991f4d-0a10-7c55-b6d1-59760123cafe', name: 'ada' },
        action: 'schedule.change',
        outcome: 'done',
        object: { type: 'schedule', id: '01991f4c-9a10-7c55-b6d1-597601234ffb', name: null },
        from: '192.0.2.10',
        request_id: '01991f4d-3b52-7e4c-8f0a-5b8b36104fff',
        details: { changed: { cron: { from: '0 3 * * *', to: '0 4 * * *' } } },
        hash: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
      },
    ],
  });

export const auditVerificationView = z
  .strictObject({
    ok: z.boolean(),
    entries: z.int().min(0).meta({ description: 'How many entries from the first one on are as they were written.' }),
    head: hash.nullable().meta({
      description: 'The hash of the last of these. Kept elsewhere, it proves later that nothing was cut off.',
    }),
    broken_at: z
      .strictObject({ position: z.int(), problem: z.string() })
      .nullable()
      .meta({ description: 'The first entry that is not as it was written.' }),
  })
  .meta({
    id: 'AuditVerification',
    examples: [
      {
        ok: true,
        entries: 412,
        head: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
        broken_at: null,
      },
    ],
  });

export function presentAuditEntry(entry: AuditEntry): z.input<typeof auditEntryView> {
  const { id, position, at, actor, action, outcome, object, address, requestId, details, hash: own } = entry;
  return {
    id,
    position,
    at: presentTime(at),
    actor,
    action,
    outcome,
    object,
    from: address,
    request_id: requestId,
    details: JSON.parse(details) as Record<string, unknown>,
    hash: own,
  };
}
