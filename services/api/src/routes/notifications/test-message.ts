import { setTimeout as pause } from 'node:timers/promises';
import type { ShownDelivery } from '@holdfast/persistence';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { idView } from '../../presenters/values.ts';
import { ownedChannel, path } from './channels.ts';

/** For so long the answer of the other side is waited for. */
const patienceMs = 15_000;
const pollMs = 150;

const nobody =
  'Nobody sent it within 15 seconds: look whether the sentinel runs, which delivers notifications, and whether it reaches the database.';

const test = route({
  method: 'POST',
  path: `${path}/:channel/test`,
  dialect,
  scope: 'admin',
  audit: 'notification_channel.test',
  summary:
    'Sends a message to a channel now, by the process that sends all of them, and tells what the other side said.',
  answers: 200,
  response: z.strictObject({
    delivered: z.boolean(),
    status: z.int().nullable().meta({ description: 'Of the answer; null: there was none.' }),
    answer: z.string().nullable().meta({ description: 'The beginning of what was answered.' }),
    error: z.string().nullable().meta({ description: 'Why it was not delivered.' }),
    seconds: z.number().min(0),
    delivery_id: idView,
  }),
  finds: (call) => ownedChannel(call),
  handler: async ({ deps, accountId, signal, stopping }, channel) => {
    const { notifications } = deps.persistence;
    const began = performance.now();
    const id = await notifications.test(channel, 'This is a test: Holdfast can reach this channel.');
    const find = async (): Promise<ShownDelivery | null> => await notifications.findOwned(accountId, id);
    let found = await find();
    while (found?.endedAt === null && performance.now() - began < patienceMs) {
      if (signal.aborted || stopping.aborted) break;
      await pause(pollMs);
      found = await find();
    }
    // Whoever has begun to send it is nearly done; what nobody began must not surprise anybody later.
    if (found?.endedAt === null) await notifications.giveUp(id, nobody);
    found = await find();
    return {
      delivered: found?.status === 'done',
      status: found?.answerStatus ?? null,
      answer: found?.answer ?? null,
      error: found?.status === 'pending' ? 'The other side did not answer within 15 seconds.' : (found?.error ?? null),
      seconds: Math.round(performance.now() - began) / 1000,
      delivery_id: id,
    };
  },
});

export const testRoutes = [test];
