import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError, exits, type Exit } from '../exits.ts';
import { findBackup, findDatabase } from '../find.ts';
import { follow } from '../follow.ts';
import type { Verification } from '../views.ts';

const levels = ['stored', 'readable', 'restorable', 'identical'] as const;

interface Args {
  backup: string;
  level?: (typeof levels)[number] | undefined;
  scratch?: string | undefined;
  wait?: boolean | undefined;
}

export const verifyCommands: Commands = (program, run) =>
  program.command(
    'verify <backup>',
    'Proves a backup: reads it back, or restores and compares it',
    (command) =>
      command
        .positional('backup', { type: 'string', demandOption: true, describe: 'Its id, or latest:NAME of a database' })
        .option('level', { choices: levels, describe: 'How far; what docs/verification.md says when absent' })
        .option('scratch', { type: 'string', describe: 'Registered database on whose server it is restored' })
        .option('wait', { type: 'boolean', describe: 'Follows it to its end; exit code 1 when it falls short' }),
    run(verify),
  );

async function verify(context: Context, args: Args): Promise<Exit> {
  const client = await context.client();
  const { id, database_id: db } = await findBackup(client, args.backup);
  const scratch = args.scratch === undefined ? undefined : (await findDatabase(client, args.scratch)).id;
  const { data } = await client.POST('/api/databases/{db}/backups/{id}/verifications', {
    params: { path: { db, id } },
    body: {
      verification: {
        ...(args.level === undefined ? {} : { level: args.level }),
        ...(scratch === undefined ? {} : { scratch_database_id: scratch }),
      },
    },
  });
  if (!data) return exits.failed;
  const { verification: asked } = data;
  if (args.wait !== true) {
    context.result(asked, () => asked.id);
    return exits.ok;
  }
  const ended = await follow(context, {
    what: `Verification ${asked.id}`,
    later: `holdfast backups show ${id}`,
    look: async () => {
      const found = await client.GET('/api/verifications/{id}', { params: { path: { id: asked.id } } });
      if (!found.data) throw new CliError(exits.failed, 'The service did not tell.');
      return found.data.verification;
    },
  });
  context.result(ended, () => described(context, ended));
  return ended.status === 'done' &&
    levels.indexOf(ended.reached ?? 'stored') >= levels.indexOf(ended.level) &&
    ended.reached !== null
    ? exits.ok
    : exits.failed;
}

const described = (context: Context, ended: Verification): string =>
  context.facts([
    ['verification', ended.id],
    ['status', { state: ended.status }],
    ['asked for', ended.level],
    ['proven', ended.reached ?? 'nothing'],
    ['error', ended.error ? `${ended.error.message} (${ended.error.code}: docs/errors.md)` : undefined],
    ['findings', ended.findings.length > 0 ? ended.findings.map(({ message }) => message).join('\n') : undefined],
  ]);
