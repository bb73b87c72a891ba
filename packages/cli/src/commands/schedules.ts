import type { Body } from '@holdfast/client';
import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { usageError } from '../exits.ts';
import { allDatabases, allSchedules, findDatabase, findDestination, findSchedule } from '../find.ts';
import { agoText, timeText } from '../output/figures.ts';
import { inOurWords } from '../refusals.ts';
import { listOption } from '../repeated.ts';
import { readSecret } from '../secrets.ts';
import type { Database, Schedule, Slot } from '../views.ts';

type Change = Body<'/api/databases/{db}/schedules/{id}', 'patch'>;

const levels = ['stored', 'readable', 'restorable', 'identical'] as const;
const retentionRules = ['keep_last', 'keep_days', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'minimum'] as const;

const ofDatabase = <T>(command: Argv<T>) =>
  command.positional('database', { type: 'string', demandOption: true, describe: 'Its name or id' });
const target = <T>(command: Argv<T>) =>
  ofDatabase(command).positional('schedule', {
    type: 'string',
    describe: 'Its id, or the beginning; absent: the only one',
  });

const fields = <T>(command: Argv<T>) =>
  command
    .option('cron', { type: 'string', describe: 'Such as "30 3 * * *"' })
    .option('timezone', { type: 'string', describe: 'Such as Europe/Paris; UTC when absent' })
    .option(
      'keep',
      listOption({ type: 'string', describe: 'Retention, such as keep_last=7 daily=14 monthly=12, or none' }),
    )
    .option('verify', { choices: [...levels, 'none'] as const, describe: 'Verifies its backups up to this level' })
    .option('verify-every', { type: 'string', describe: 'Each so many backups, or weekly' })
    .option('destination', { type: 'string', describe: 'Instead of the database’s: a label or an id; none' })
    .option('catch-up', { choices: ['skip', 'once', 'all'] as const, describe: 'What becomes of slots that are late' })
    .option('overlap', { choices: ['queue', 'skip'] as const, describe: 'What becomes of one while a backup runs' })
    .option('jitter', { type: 'number', describe: 'Seconds over which runs are spread' })
    .option('ping-env', { type: 'string', describe: 'Environment variable with the URL of a dead man’s switch' })
    .option('ping-file', { type: 'string', describe: 'File with that URL; none takes it away' });

type Fields = ReturnType<typeof fields<Globals>> extends Argv<infer Given> ? Given : never;
interface Target {
  database: string;
  schedule?: string | undefined;
}

export const scheduleCommands: Commands = (program, run) =>
  program.command('schedules', 'When databases are backed up, and what is kept', (command) =>
    command
      .command(
        ['list [database]', '$0'],
        'Lists them',
        (each) => each.positional('database', { type: 'string', describe: 'Only of this one' }),
        run(list),
      )
      .command('add <database>', 'Adds one', (each) => fields(ofDatabase(each)).demandOption('cron'), run(add))
      .command(
        'edit <database> [schedule]',
        'Changes what is given and leaves the rest',
        (each) => fields(target(each)),
        run(edit),
      )
      .command('pause <database> [schedule]', 'Makes no more backups by it', target, run(switchTo(false)))
      .command('resume <database> [schedule]', 'Makes backups by it again', target, run(switchTo(true)))
      .command(
        'next <database> [schedule]',
        'Shows its next runs, and what became of the last ones',
        (each) =>
          target(each)
            .option('count', { type: 'number', default: 5, describe: 'So many of the next ones' })
            .option('last', { type: 'number', default: 5, describe: 'So many of the last ones' }),
        run(next),
      )
      .command(
        'remove <database> [schedule]',
        'Removes it; the backups that it made stay',
        (each) => target(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      ),
  );

async function list(context: Context, args: { database?: string | undefined }): Promise<void> {
  const client = await context.client();
  const wanted = args.database === undefined ? await allDatabases(client) : [await findDatabase(client, args.database)];
  const found: { database: Database; schedule: Schedule }[] = [];
  for (const database of wanted) {
    for (const schedule of await allSchedules(client, database.id)) found.push({ database, schedule });
  }
  context.result(
    found.map(({ schedule }) => schedule),
    () =>
      context.table(
        found,
        [
          { title: 'DATABASE', text: ({ database }) => database.name, flexible: true },
          { title: 'CRON', text: ({ schedule }) => schedule.cron },
          { title: 'ZONE', text: ({ schedule }) => schedule.timezone, flexible: true },
          { title: 'NEXT', text: ({ schedule }) => (schedule.enabled ? timeText(schedule.next_run_at) : 'paused') },
          { title: 'KEEPS', text: ({ schedule }) => keepsText(schedule), flexible: true },
          { title: 'VERIFIES', text: ({ schedule }) => schedule.verification?.level ?? '–' },
          { title: 'ID', text: ({ schedule }) => schedule.id },
        ],
        'There is no schedule: `holdfast schedules add` makes one.',
      ),
  );
}

function keepsText({ retention }: Schedule): string {
  const rules = retentionRules.flatMap((rule) => (retention[rule] === null ? [] : [`${rule}=${retention[rule]}`]));
  return rules.length === 0 ? 'all' : rules.join(' ');
}

const described = (context: Context, schedule: Schedule): string =>
  context.facts([
    ['id', schedule.id],
    ['cron', `${schedule.cron} (${schedule.timezone})`],
    ['next', schedule.enabled ? timeText(schedule.next_run_at) : 'paused'],
    ['keeps', keepsText(schedule)],
    [
      'verifies',
      schedule.verification ? `${schedule.verification.level}, every ${schedule.verification.every}` : 'nothing',
    ],
    ['late', `${schedule.catch_up}, after ${schedule.catch_up_grace_seconds} s`],
    ['overlap', schedule.overlap],
  ]);

async function add(context: Context, args: Fields & { database: string; cron: string }): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const body = { ...(await changeOf(context, args)), cron: args.cron };
  const { data } = await inOurWords(
    { database },
    client.POST('/api/databases/{db}/schedules', { params: { path: { db: database.id } }, body }),
  );
  if (data) context.result(data.schedule, () => described(context, data.schedule));
}

async function edit(context: Context, args: Fields & Target): Promise<void> {
  const change = await changeOf(context, args);
  if (Object.keys(change).length === 0) throw usageError('Say what to change: holdfast schedules edit --help');
  await patch(context, args, change);
}

const switchTo = (enabled: boolean) => (context: Context, args: Globals & Target) => patch(context, args, { enabled });

async function patch(context: Context, { database: wanted, schedule }: Target, change: Change): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, wanted);
  const { id } = await findSchedule(client, database, schedule);
  const { data } = await client.PATCH('/api/databases/{db}/schedules/{id}', {
    params: { path: { db: database.id, id } },
    body: change,
  });
  if (data) context.result(data.schedule, () => described(context, data.schedule));
}

async function changeOf(context: Context, args: Fields): Promise<Change> {
  const { destination, keep } = args;
  const verification =
    args.verify && (args.verify === 'none' ? null : { level: args.verify, ...everyOf(args['verify-every']) });
  if (args['verify-every'] !== undefined && !verification)
    throw usageError('--verify-every needs --verify, the level.');
  const change = {
    cron: args.cron,
    timezone: args.timezone,
    retention: keep && retentionOf(keep),
    verification,
    destination_id:
      destination && (destination === 'none' ? null : (await findDestination(await context.client(), destination)).id),
    catch_up: args['catch-up'],
    overlap: args.overlap,
    jitter_seconds: args.jitter,
    ping: await pingOf(context, args),
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** Its URL is a secret: whoever knows it can say that all is well. */
async function pingOf(context: Context, args: Fields): Promise<{ url: string } | null | undefined> {
  if (args['ping-file'] === 'none') return null;
  const url = await readSecret(context, 'URL of the ping', { env: args['ping-env'], file: args['ping-file'] });
  return url === null ? undefined : { url };
}

function everyOf(every: string | undefined): { every?: number | 'weekly' } {
  if (every === undefined) return {};
  if (every === 'weekly') return { every };
  if (!/^\d+$/.test(every)) throw usageError('--verify-every is a number of backups, or weekly.');
  return { every: Number(every) };
}

function retentionOf(rules: readonly string[]): NonNullable<Change['retention']> {
  const words = rules.flatMap((rule) => rule.split(/[\s,]+/)).filter((rule) => rule !== '');
  if (words.includes('none') && words.some((word) => word !== 'none')) {
    throw usageError('--keep takes none, or what is kept: not both.');
  }
  const given = words
    .filter((word) => word !== 'none')
    .map((word) => {
      const [, name, count] = /^(\w+)=(\d+)$/.exec(word) ?? [];
      const rule = retentionRules.find((each) => each === name);
      if (!rule) throw usageError(`--keep takes ${retentionRules.join(', ')}, each with =NUMBER.`);
      return [rule, Number(count)];
    });
  const twice = given.find(([rule], index) => given.findIndex(([each]) => each === rule) !== index);
  if (twice) throw usageError(`--keep takes ${twice[0]} once.`);
  return Object.fromEntries(given) as NonNullable<Change['retention']>;
}

async function next(context: Context, args: Target & { count: number; last: number }): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const { id } = await findSchedule(client, database, args.schedule);
  const { data } = await client.GET('/api/databases/{db}/schedules/{id}/slots', {
    params: { path: { db: database.id, id }, query: { limit: String(args.last) } },
  });
  if (!data) return;
  const following = data.next.slice(0, args.count);
  const shown: Slot[] = [...data.slots.toReversed(), ...following];
  context.result({ slots: data.slots, next: following }, () =>
    context.table(
      shown,
      [
        { title: 'PLANNED FOR', text: (slot) => timeText(slot.scheduled_for) },
        { title: '', text: (slot) => agoText(slot.run_at, context.now()) },
        { title: 'STATUS', text: (slot) => slot.status, tone: (text) => context.state(text) },
        { title: 'REASON', text: (slot) => slot.reason },
        { title: 'BACKUP', text: (slot) => slot.backup_id },
      ],
      'It has no runs: it is paused.',
    ),
  );
}

async function remove(context: Context, args: Target & { yes?: boolean | undefined }): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const schedule = await findSchedule(client, database, args.schedule);
  await context.confirm(`Remove the schedule "${schedule.cron}" of ${database.name}? Its backups stay.`, args);
  await client.DELETE('/api/databases/{db}/schedules/{id}', { params: { path: { db: database.id, id: schedule.id } } });
  context.result(
    { id: schedule.id, removed: true },
    () => `Removed the schedule "${schedule.cron}" of ${database.name}.`,
  );
}
