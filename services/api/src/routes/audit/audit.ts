import { z } from 'zod';
import { text, wholeNumber } from '../../http/fields.ts';
import { route } from '../../http/route.ts';
import { auditEntryView, auditVerificationView, presentAuditEntry } from '../../presenters/audit.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const most = 1000;

const list = route({
  method: 'GET',
  path: '/api/audit',
  dialect,
  scope: 'admin',
  summary: 'What was done in the account, by whom and from where, newest first.',
  answers: 200,
  response: z.strictObject({
    entries: z.array(auditEntryView).max(most),
    next: z
      .int()
      .nullable()
      .meta({ description: 'What `before` is for the entries that follow; null where these were the last.' }),
  }),
  query: z.object({
    limit: wholeNumber(1, most).default(50),
    before: wholeNumber(1, 999_999_999)
      .optional()
      .meta({ description: 'Only entries before this position.', examples: ['412'] }),
    action: text(100)
      .optional()
      .meta({ description: 'An action, or the kind of its object (`backup`).', examples: ['backup.delete'] }),
    object: text(255)
      .optional()
      .meta({ description: 'The id of an object.', examples: ['01991f4c-9a10-7c55-b6d1-597601234ffb'] }),
  }),
  handler: async ({ deps, accountId, query }) => {
    const { limit, before = null, action = null, object: objectId = null } = query;
    const found = await deps.persistence.audit.list(accountId, { before, action, objectId, limit });
    const last = found.at(-1);
    return { entries: found.map(presentAuditEntry), next: last && found.length === limit ? last.position : null };
  },
});

const verify = route({
  method: 'GET',
  path: '/api/audit/verification',
  dialect,
  scope: 'admin',
  summary: "Looks at every entry of the account's log: whether one was changed, taken out or put elsewhere.",
  answers: 200,
  response: auditVerificationView,
  handler: async ({ deps, accountId }) => {
    const { entries, head, broken } = await deps.persistence.audit.verify(accountId);
    return { ok: broken === null, entries, head, broken_at: broken };
  },
});

export const auditRoutes = [list, verify];
