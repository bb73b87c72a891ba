import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { downloadTo, downloadThrough, type Source } from '../download/index.ts';
import { exits, usageError, CliError } from '../exits.ts';
import { findBackup } from '../find.ts';
import { bytesText } from '../output/figures.ts';

interface Args {
  backup: string;
  output?: string | undefined;
  force?: boolean | undefined;
}

export const downloadCommands: Commands = (program, run) =>
  program.command(
    'download <backup>',
    'Brings the archive down and compares it with its checksum',
    (command) =>
      command
        .positional('backup', { type: 'string', demandOption: true, describe: 'Its id, or latest:NAME of a database' })
        .option('output', {
          type: 'string',
          alias: 'o',
          describe: 'File to write, - for standard output; its own name when absent',
        })
        .option('force', { type: 'boolean', describe: 'Also over a file that is there' }),
    run(download),
  );

async function download(context: Context, args: Args): Promise<void> {
  const client = await context.client();
  const backup = await findBackup(client, args.backup);
  if (backup.status !== 'done')
    throw new CliError(exits.failed, `This backup has no archive: its status is ${backup.status}.`);
  const params = { params: { path: { db: backup.database_id, id: backup.id } } };
  const source: Source = {
    link: async () => {
      const { data } = await client.GET('/api/databases/{db}/backups/{id}/archive', params);
      if (!data) throw new CliError(exits.failed, 'The service gave no link.');
      return data.download_url;
    },
    checksum: backup.checksum,
    name: backup.name,
  };
  if (args.output === '-') {
    if (context.json) throw usageError('--json and the archive cannot both go to standard output: name a file.');
    await downloadThrough(source, context.surroundings.out, context);
    return;
  }
  const written = await downloadTo(source, { path: args.output ?? null, force: args.force === true }, context);
  context.result(written, () => `${written.path}  ${bytesText(written.size)}  ${written.checksum}`);
}
