import { AddressGuard } from '@holdfast/shared/security';
import type { SentinelDeps } from '../deps.ts';
import { send } from './send.ts';

type Deps = Pick<SentinelDeps, 'settings' | 'logger' | 'persistence' | 'clock' | 'ids'>;

const pageSize = 500;
/** For one attempt, after which the other side is not waited for any more. */
const limitMs = 10_000;
/** For an attempt and its record; a sentinel that died holds a channel for so long. */
const leaseSeconds = 30;

/** Makes events of what happened, and deliveries of events. */
export async function fanOut({ persistence }: Deps): Promise<void> {
  await persistence.notifications.collect(pageSize);
  await persistence.notifications.fanOut(pageSize);
}

/** Tells again what is still wrong. */
export async function repeat({ persistence }: Deps): Promise<void> {
  await persistence.notifications.repeat();
}

/** Sends what is due, one message after another; several of these at once send to different channels. */
export async function deliver(
  { persistence, settings, logger, clock, ids }: Deps,
  stopping: AbortSignal,
): Promise<void> {
  const { notifications } = persistence;
  const guard = new AddressGuard(settings.HOLDFAST_ALLOWED_NETWORKS);
  const publicUrl = settings.HOLDFAST_PUBLIC_URL ?? null;
  while (!stopping.aborted) {
    const claimed = await notifications.claim(leaseSeconds);
    if (!claimed) return;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(limitMs)]);
    const end = await send(claimed, { guard, publicUrl, now: clock.now(), random: ids.random(), signal });
    if (stopping.aborted && end.outcome === 'again') {
      await notifications.handBack(claimed);
      return;
    }
    await notifications.settle(claimed, end);
    const { id, channel, attempts, cause } = claimed;
    const fields = { delivery: id, channel: channel.id, type: channel.type, cause, attempts, status: end.answerStatus };
    if (end.outcome === 'delivered') logger.debug(fields, 'notification delivered');
    else logger.warn({ ...fields, outcome: end.outcome, reason: end.error }, 'notification not delivered');
  }
}

/** Forgets what was told long ago. */
export async function forget({ persistence }: Deps): Promise<void> {
  await persistence.notifications.forget(pageSize);
}
