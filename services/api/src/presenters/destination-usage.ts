import type { DestinationUsage } from '@holdfast/persistence';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { bytesView, engineView, idView } from './values.ts';

const count = z.int().min(0);
const held = z.strictObject({ backups: count, bytes: bytesView });
const counts = {
  good: held.meta({ description: 'Done, and nothing speaks against them.' }),
  damaged: held.meta({ description: 'Found missing, changed or unfaithful.' }),
  leaving: held.meta({ description: 'Their removal was asked for, and is not confirmed yet.' }),
  waiting: count.meta({ description: 'Waiting or running.' }),
  failed: count,
};

/** What the catalogue says that a destination holds. */
export const usageView = z
  .strictObject({
    ...counts,
    unencrypted: count.meta({ description: 'Backups that are kept and not encrypted.' }),
    recipients: z
      .array(z.strictObject({ recipient: z.string(), backups: count }))
      .meta({ description: 'To whom those that are kept are encrypted.' }),
    databases: z
      .array(
        z.strictObject({
          id: idView,
          name: z.string(),
          type: engineView,
          ...counts,
          newest_at: timeView.nullable().meta({ description: 'When the dump of its newest good backup began.' }),
        }),
      )
      .meta({ description: 'Each that has a backup there, the largest first.' }),
  })
  .meta({
    id: 'DestinationUsage',
    description:
      'What a destination holds, as the catalogue knows it: backups, their stored bytes, and of which databases.',
    examples: [
      {
        good: { backups: 30, bytes: 1_204_310_022 },
        damaged: { backups: 0, bytes: 0 },
        leaving: { backups: 1, bytes: 40_120_044 },
        waiting: 0,
        failed: 2,
        unencrypted: 0,
        recipients: [{ recipient: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p', backups: 30 }],
        databases: [
          {
            id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
            name: 'shop',
            type: 'postgresql',
            good: { backups: 30, bytes: 1_204_310_022 },
            damaged: { backups: 0, bytes: 0 },
            leaving: { backups: 1, bytes: 40_120_044 },
            waiting: 0,
            failed: 2,
            newest_at: '2026-11-20T03:00:00.178Z',
          },
        ],
      },
    ],
  });

type Counts = Pick<DestinationUsage['databases'][number], 'good' | 'damaged' | 'leaving' | 'waiting' | 'failed'>;

const nothing: Counts = {
  good: { backups: 0, bytes: 0 },
  damaged: { backups: 0, bytes: 0 },
  leaving: { backups: 0, bytes: 0 },
  waiting: 0,
  failed: 0,
};

const both = (one: Counts['good'], other: Counts['good']): Counts['good'] => ({
  backups: one.backups + other.backups,
  bytes: one.bytes + other.bytes,
});

const sum = (one: Counts, other: Counts): Counts => ({
  good: both(one.good, other.good),
  damaged: both(one.damaged, other.damaged),
  leaving: both(one.leaving, other.leaving),
  waiting: one.waiting + other.waiting,
  failed: one.failed + other.failed,
});

export const presentUsage = ({ databases, unencrypted, recipients }: DestinationUsage): z.input<typeof usageView> => ({
  ...databases.reduce<Counts>(sum, nothing),
  unencrypted,
  recipients,
  databases: databases.map(({ newestAt, ...database }) => ({ ...database, newest_at: presentTime(newestAt) })),
});
