import type { Answer } from '@holdfast/client';
import type { Context } from '../context.ts';
import { exits, type Exit } from '../exits.ts';
import { findDestination } from '../find.ts';
import { untilSettled } from '../settle.ts';

type Import = Answer<'/api/backup-destinations/{id}/import', 'get'>['data'];
type Report = NonNullable<Import['report']>;

/** Has the backups of a destination read into the catalogue; all is well when each is there and none is known to be damaged. */
export async function importBackups(
  context: Context,
  args: { destination: string; wait?: boolean | undefined },
): Promise<Exit> {
  const client = await context.client();
  const { id, label } = await findDestination(client, args.destination);
  const params = { params: { path: { id } } };
  const asked = await client.POST('/api/backup-destinations/{id}/import', params);
  if (args.wait !== true) {
    context.result(asked.data?.data, () => `Importing from ${label}; again with --wait shows how it goes.`);
    return exits.ok;
  }
  const ended = await untilSettled(context, {
    look: async () => (await client.GET('/api/backup-destinations/{id}/import', params)).data?.data,
    isSettled: ({ status }) => status === 'done' || status === 'failed',
    what: 'The import',
  });
  const { status, report, error } = ended;
  if (status === 'failed' || !report) {
    context.result(ended, () => `The import failed: ${error?.message ?? 'for no known reason'}`);
    return exits.failed;
  }
  // The report names only what this run has found, and an import may be repeated.
  const usage = await client.GET('/api/backup-destinations/{id}/usage', params);
  const damaged = usage.data?.data.damaged.backups ?? report.damaged_count;
  context.result({ ...ended, known_damaged: damaged }, () => reportText(label, report, damaged));
  return damaged + report.damaged_count + report.refused_count > 0 ? exits.failed : exits.ok;
}

const reportText = (label: string, report: Report, knownDamaged: number): string =>
  [
    `${report.imported} imported, ${report.known} known before, ${report.databases} databases made.`,
    ...named('damaged', report.damaged, report.damaged_count),
    ...named('not imported', report.refused, report.refused_count),
    ...(knownDamaged > 0
      ? [`${knownDamaged} of the backups in ${label} ${knownDamaged === 1 ? 'is' : 'are'} known to be damaged.`]
      : []),
  ].join('\n');

function named(what: string, found: Report['damaged'], count: number): string[] {
  const more = count - found.length;
  return [
    ...found.map(({ key, reason }) => `  ${what}: ${key}: ${reason}`),
    ...(more > 0 ? [`  ${what}: ${more} more`] : []),
  ];
}
