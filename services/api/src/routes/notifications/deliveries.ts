import { deliveryStatuses } from '@holdfast/shared/domain';
import { z } from 'zod';
import { looksLikeUuid, wholeNumber } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { deliveryView, presentDelivery } from '../../presenters/notification.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const path = '/api/notification-deliveries';

const most = 200;
const usual = 50;

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'backups:read',
  summary: 'What was sent and what waits to be sent, newest first, kept for 90 days.',
  answers: 200,
  query: z.object({
    channel: z
      .uuid({ error: 'must be the id of a channel' })
      .optional()
      .meta({ examples: ['01991f50-07d4-7d0e-9f6b-2f6a4d1b8c77'] }),
    state: z
      .enum(deliveryStatuses)
      .optional()
      .meta({ examples: ['error'] }),
    limit: wholeNumber(1, most)
      .optional()
      .meta({ description: `${usual} when absent.`, examples: ['100'] }),
    before: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2026-09-02T01:30:00Z' })
      .transform((text) => new Date(text))
      .optional()
      .meta({ description: 'The last `created_at` of the page before.', examples: ['2026-09-02T01:30:00.000Z'] }),
  }),
  response: z.strictObject({ deliveries: z.array(deliveryView).max(most) }),
  handler: async ({ deps, accountId, query }) => {
    const { channel: channelId = null, state: status = null, limit = usual, before = null } = query;
    const found = await deps.persistence.notifications.list(accountId, { channelId, status, limit, before });
    return { deliveries: found.map(presentDelivery) };
  },
});

const resend = route({
  method: 'POST',
  path: `${path}/:delivery/resend`,
  dialect,
  scope: 'admin',
  audit: 'notification_delivery.resend',
  summary: 'Sends a message that was delivered or given up once more, under the same id.',
  answers: 202,
  otherwise: { 409: 'It waits to be sent, or is being sent.' },
  response: z.strictObject({ delivery: deliveryView }),
  handler: async ({ deps, accountId, params }) => {
    const { delivery: id } = params;
    const found = looksLikeUuid(id) ? await deps.persistence.notifications.resend(accountId, id) : null;
    if (!found) throw notFound('This delivery does not exist.');
    if (found === 'open') throw conflict('This message has not been given up: it is sent as soon as it is due.');
    return { delivery: presentDelivery(found) };
  },
});

export const deliveryRoutes = [list, resend];
