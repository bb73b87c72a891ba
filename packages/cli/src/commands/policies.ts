import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { exits, type Exit } from '../exits.ts';
import { allPolicies, findPolicy } from '../find.ts';
import { agoText, bytesText, timeText } from '../output/figures.ts';
import { forgottenFact, unreadableFact } from '../output/forgotten.ts';
import { untilSettled } from '../settle.ts';
import type { PolicyRun } from '../views.ts';

interface Target {
  policy: string;
}

const target = <T>(command: Argv<T>) =>
  command.positional('policy', { type: 'string', demandOption: true, describe: 'Its name or id' });

export const policyCommands: Commands = (program, run) =>
  program.command('policies', 'Whole servers, whose databases are backed up (made by `holdfast apply`)', (command) =>
    command
      .command(['list', '$0'], 'Lists them', {}, run(list))
      .command('show <policy>', 'Shows one and the databases that it covers', target, run(show))
      .command('test <policy>', 'Shows what a run would back up now', target, run(test))
      .command(
        'run <policy>',
        'Backs up what it covers now',
        (each) => target(each).option('wait', { type: 'boolean', describe: 'Until all its backups have ended' }),
        run(runNow),
      )
      .command('runs <policy>', 'Lists its runs, newest first', target, run(runs))
      .command('pause <policy>', 'Makes no more runs by itself', target, run(switchTo(false)))
      .command('resume <policy>', 'Makes runs again', target, run(switchTo(true)))
      .command(
        'remove <policy>',
        'Forgets one and its runs; databases and backups stay',
        (each) => target(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      ),
  );

async function list(context: Context): Promise<void> {
  const policies = await allPolicies(await context.client());
  context.result(policies, () =>
    context.table(
      policies,
      [
        { title: 'NAME', text: ({ name }) => name, flexible: true },
        { title: 'TYPE', text: ({ type }) => type },
        { title: 'SERVER', text: ({ host, port }) => `${host}:${port}`, flexible: true },
        { title: 'CRON', text: ({ cron }) => cron },
        { title: 'ZONE', text: ({ timezone }) => timezone, flexible: true },
        { title: 'NEXT', text: ({ enabled, next_run_at: at }) => (enabled ? timeText(at) : 'paused') },
        { title: 'ID', text: ({ id }) => id },
      ],
      'There is no policy.',
    ),
  );
}

async function show(context: Context, args: Target): Promise<void> {
  const client = await context.client();
  const { id } = await findPolicy(client, args.policy);
  const { data } = await client.GET('/api/server-policies/{id}', { params: { path: { id } } });
  if (!data) return;
  const { server_policy: policy, databases } = data;
  context.result(data, () =>
    context.facts([
      ['name', policy.name],
      ['server', `${policy.type} ${policy.host}:${policy.port} as ${policy.user}`],
      forgottenFact(policy),
      unreadableFact(policy),
      [
        'covers',
        `${policy.include.join(', ')}${policy.exclude.length > 0 ? ` without ${policy.exclude.join(', ')}` : ''}`,
      ],
      ['runs', `${policy.cron} (${policy.timezone})`],
      ['next', policy.enabled ? timeText(policy.next_run_at) : 'paused'],
      [
        'databases',
        databases
          .map(({ name, vanished_at: at }) => (at === null ? name : `${name} (vanished ${timeText(at)})`))
          .join('\n') || 'none yet',
      ],
    ]),
  );
}

async function test(context: Context, args: Target): Promise<Exit> {
  const client = await context.client();
  const { id } = await findPolicy(client, args.policy);
  const { data } = await client.POST('/api/server-policies/{id}/test', { params: { path: { id } } });
  if (!data) return exits.failed;
  const { server_policy_test: found } = data;
  context.result(found, () => {
    if (found.error) return `${found.error.message} (${found.error.code}: docs/errors.md)`;
    return [
      ...found.covered.map(
        ({ database, size_bytes: size, is_new: isNew }) => `${database}  ${bytesText(size)}${isNew ? '  new' : ''}`,
      ),
      ...found.passed_over.map(({ database, reason }) => `not ${database}: ${reason}`),
      ...found.vanished.map((database) => `vanished: ${database}`),
      ...(found.suspicious === null ? [] : [found.suspicious]),
    ].join('\n');
  });
  return found.ok ? exits.ok : exits.failed;
}

async function runNow(context: Context, args: Target & { wait?: boolean | undefined }): Promise<Exit> {
  const client = await context.client();
  const { id } = await findPolicy(client, args.policy);
  const { data } = await client.POST('/api/server-policies/{id}/runs', { params: { path: { id } } });
  if (!data) return exits.failed;
  if (args.wait !== true) {
    context.result(data.policy_run, () => data.policy_run.id);
    return exits.ok;
  }
  const path = { id, run: data.policy_run.id };
  const ended = await untilSettled(context, {
    look: async () => (await client.GET('/api/server-policies/{id}/runs/{run}', { params: { path } })).data?.policy_run,
    isSettled: ({ status, backups }) =>
      status === 'error' || (status === 'done' && backups.scheduled + backups.pending === 0),
    what: 'The run',
  });
  context.result(ended, () => outcome(ended));
  return ended.status === 'done' && ended.backups.error === 0 ? exits.ok : exits.failed;
}

const outcome = ({ status, backups, error }: PolicyRun): string =>
  error ? `${status}: ${error.message}` : `${status}: ${backups.done} good, ${backups.error} failed`;

async function runs(context: Context, args: Target): Promise<void> {
  const client = await context.client();
  const { id } = await findPolicy(client, args.policy);
  const { data } = await client.GET('/api/server-policies/{id}/runs', { params: { path: { id } } });
  const found = data?.policy_runs ?? [];
  context.result(found, () =>
    context.table(
      found,
      [
        { title: 'BEGUN', text: ({ created_at: at }) => timeText(at) },
        { title: '', text: ({ created_at: at }) => agoText(at, context.now()) },
        { title: 'STATUS', text: ({ status }) => status, tone: (text) => context.state(text) },
        { title: 'GOOD', text: ({ backups }) => backups.done, right: true },
        { title: 'FAILED', text: ({ backups }) => backups.error, right: true },
        { title: 'OPEN', text: ({ backups }) => backups.scheduled + backups.pending, right: true },
        { title: 'ERROR', text: ({ error }) => error?.message, flexible: true },
        { title: 'ID', text: (each) => each.id },
      ],
      'It had no run yet.',
    ),
  );
}

const switchTo = (enabled: boolean) => async (context: Context, args: Globals & Target) => {
  const client = await context.client();
  const { id, name } = await findPolicy(client, args.policy);
  const { data } = await client.PATCH('/api/server-policies/{id}', {
    params: { path: { id } },
    body: { server_policy: { enabled } },
  });
  context.result(data?.server_policy, () => `${name} is ${enabled ? 'on' : 'paused'}.`);
};

async function remove(context: Context, args: Target & { yes?: boolean | undefined }): Promise<void> {
  const client = await context.client();
  const { id, name } = await findPolicy(client, args.policy);
  await context.confirm(
    `Forget the policy ${name}? Its databases keep their backups, and are backed up no more.`,
    args,
  );
  await client.DELETE('/api/server-policies/{id}', { params: { path: { id } } });
  context.result({ id, removed: true }, () => `Forgot ${name}.`);
}
