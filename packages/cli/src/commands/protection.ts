import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { exits, type Exit } from '../exits.ts';
import { findDatabase } from '../find.ts';
import { durationText, timeText } from '../output/figures.ts';
import type { Protection, ProtectionOverview } from '../views.ts';

export const protectionCommands: Commands = (program, run) =>
  program.command(
    'protection [database]',
    'Whether databases are protected now; exit code 1 when one is unprotected',
    (command) =>
      command
        .positional('database', { type: 'string', describe: 'Only this one' })
        .option('at-risk', { type: 'boolean', describe: 'Exit code 1 also when one is at risk or unknown' }),
    run(protection),
  );

const worstFirst = ['unprotected', 'at_risk', 'unknown', 'protected'] as const;

async function protection(
  context: Context,
  args: { database?: string | undefined; atRisk?: boolean | undefined },
): Promise<Exit> {
  const client = await context.client();
  if (args.database !== undefined) {
    const { id, name, type } = await findDatabase(client, args.database);
    const { data } = await client.GET('/api/databases/{db}/protection', { params: { path: { db: id } } });
    if (!data) return exits.failed;
    const judged: Protection = { database: { id, name, type }, ...data.protection };
    context.result(judged, () => oneText(context, judged));
    return exitOf([judged], args.atRisk === true);
  }
  const { data } = await client.GET('/api/protection');
  if (!data) return exits.failed;
  context.result(data, () => overviewText(context, data));
  return exitOf(data.databases, args.atRisk === true);
}

const exitOf = (judged: readonly Protection[], strict: boolean): Exit =>
  judged.some(({ state }) => state === 'unprotected' || (strict && state !== 'protected')) ? exits.failed : exits.ok;

const ageText = ({ newest_good: newest }: Protection): string =>
  newest ? `${durationText(newest.age_seconds)} old` : 'no good backup';

function overviewText(context: Context, { summary, services, databases }: ProtectionOverview): string {
  const silent = services.filter(({ state }) => state === 'silent').map(({ service }) => service);
  const counts = worstFirst.flatMap((state) =>
    summary[state] > 0 ? [`${summary[state]} ${state.replace('_', ' ')}`] : [],
  );
  const sorted = databases.toSorted((one, other) => worstFirst.indexOf(one.state) - worstFirst.indexOf(other.state));
  return [
    ...(silent.length > 0 ? [context.style('bad', `Silent: ${silent.join(', ')}. Nothing that they do is done.`)] : []),
    context.table(
      sorted,
      [
        { title: 'DATABASE', text: ({ database }) => database.name, flexible: true },
        { title: 'STATE', text: ({ state }) => state, tone: (text) => context.state(text) },
        { title: 'NEWEST GOOD', text: ageText },
        { title: 'MAY BE', text: ({ objectives }) => durationText(objectives.rpo_seconds) },
        { title: 'NEXT', text: ({ next_slot_at: at }) => timeText(at) },
        { title: 'WHY', text: ({ reasons }) => reasons[0]?.message, flexible: true },
      ],
      'No database is registered.',
    ),
    ...(counts.length > 0 ? [counts.join(', ')] : []),
  ].join('\n');
}

const oneText = (context: Context, judged: Protection): string =>
  context.facts([
    ['database', judged.database.name],
    ['state', { state: judged.state }],
    ['since', judged.since === null ? undefined : timeText(judged.since)],
    [
      'newest good',
      judged.newest_good ? `${ageText(judged)}, ${judged.newest_good.level} (${judged.newest_good.backup_id})` : 'none',
    ],
    [
      'may be',
      `${durationText(judged.objectives.rpo_seconds)}, ${judged.objectives.level} (${judged.objectives.source})`,
    ],
    ['next backup', timeText(judged.next_slot_at)],
    [
      'a restore',
      judged.measured_restore_seconds === null ? undefined : `took ${durationText(judged.measured_restore_seconds)}`,
    ],
    [
      'why',
      judged.reasons.length === 0
        ? undefined
        : judged.reasons.map(({ message, action }) => `${message}\n  ${action}`).join('\n'),
    ],
  ]);
