import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { ApiError } from '@holdfast/client';
import { checkDeclaration } from '../apply/check.ts';
import { declarationOf } from '../apply/declare.ts';
import { diffText, nameOf, stepDocument, stepName } from '../apply/diff.ts';
import { jsonSchema } from '../apply/file.ts';
import { perform, type Outcome, type Performed, type Secrets } from '../apply/perform.ts';
import { planOf, type Plan } from '../apply/plan.ts';
import { readConfiguration, type ReadFile } from '../apply/read.ts';
import { readSecrets } from '../apply/secrets.ts';
import { Service } from '../apply/service.ts';
import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { explain, isUnreachable } from '../explain.ts';
import { exits, usageError, type Exit } from '../exits.ts';

interface Args {
  file?: string | undefined;
  dryRun?: boolean | undefined;
  exitCode?: boolean | undefined;
  prune?: boolean | undefined;
  rotateSecrets?: boolean | undefined;
  schema?: boolean | undefined;
  yes?: boolean | undefined;
}

export const applyCommands: Commands = (program, run) =>
  program.command(
    'apply',
    'Makes the service as a file says (docs/apply.md)',
    (command) =>
      command
        .option('file', {
          type: 'string',
          alias: 'f',
          describe: 'The file, such as holdfast.yaml; - for standard input',
        })
        .option('dry-run', { type: 'boolean', describe: 'Only shows what would change' })
        .option('exit-code', { type: 'boolean', describe: 'With --dry-run: exit code 1 when something would change' })
        .option('prune', { type: 'boolean', describe: 'Also removes what the file’s sections do not name; asks first' })
        .option('rotate-secrets', { type: 'boolean', describe: 'Also sends all secrets, which cannot be compared' })
        .option('schema', { type: 'boolean', describe: 'Prints the JSON schema of the file, for editors' })
        .option('yes', { type: 'boolean', describe: 'Removes without asking' }),
    run(apply),
  );

async function apply(context: Context, args: Args): Promise<Exit> {
  if (args.schema === true) {
    context.result(jsonSchema(), () => JSON.stringify(jsonSchema(), null, 2));
    return exits.ok;
  }
  if (args.file === undefined) throw usageError('Say which file: holdfast apply -f holdfast.yaml');
  if (args.exitCode === true && args.dryRun !== true) throw usageError('--exit-code belongs to --dry-run.');
  const isInput = args.file === '-';
  const file = readConfiguration(await contentOf(context, args.file), isInput ? 'standard input' : args.file);
  const installation = new Service(await context.client());
  const wishes = { prune: args.prune === true, rotate: args.rotateSecrets === true };
  const declaration = declarationOf(file.content);
  const existing = await installation.existing();
  checkDeclaration(declaration, installation.names, file.at);
  const plan = planOf(declaration, existing, wishes);
  const diff = diffText(plan, context.style);
  if (args.dryRun === true) {
    context.result(documentOf(plan, null), () => diff);
    return args.exitCode === true && plan.steps.length > 0 ? exits.failed : exits.ok;
  }
  // Before anything changes, so that nothing is left half done for want of one.
  const secrets = await readSecrets(context, plan, file, isInput ? process.cwd() : dirname(resolve(args.file)));
  if (plan.steps.length > 0) context.surroundings.err.write(`${diff}\n`);
  await confirmRemovals(context, plan, args);
  return report(context, plan, await carryOut(context, plan, installation, secrets), file);
}

async function contentOf(context: Context, path: string): Promise<string> {
  if (path === '-') return await readAll(context.surroundings.input);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw usageError(`The file cannot be read: ${(error as Error).message}.`);
  }
}

async function confirmRemovals(context: Context, { steps }: Plan, { yes }: Args): Promise<void> {
  const removed = steps.flatMap((step) => (step.action === 'remove' ? [nameOf(step.existing)] : []));
  if (removed.length > 0) await context.confirm(`Remove ${removed.join(', ')}? Backups stay.`, { yes });
}

const carryOut = (context: Context, plan: Plan, installation: Service, secrets: Secrets): Promise<Performed> =>
  perform(plan, installation, secrets, ({ step, state, error }) => {
    if (state === 'done')
      context.say(`${{ create: 'made', update: 'changed', remove: 'removed' }[step.action]} ${stepName(step)}`);
    if (state === 'kept') context.say(`kept ${stepName(step)}: ${explain(error, false).text}`);
  });

/** Says exactly what was done, and of a failure where in the file it comes from. */
function report(context: Context, plan: Plan, performed: Performed, file: ReadFile): Exit {
  const { outcomes, failure } = performed;
  const once = outcomes.flatMap(({ step, shownOnce }) =>
    shownOnce === null ? [] : [`${stepName(step)} signs with ${shownOnce}`],
  );
  const done = outcomes.filter(({ state }) => state === 'done').length;
  const named = (wanted: Outcome['state']): string =>
    outcomes.flatMap(({ step, state }) => (state === wanted ? [stepName(step)] : [])).join(', ');
  const [kept, open] = [named('kept'), named('not_tried')];
  context.result(documentOf(plan, performed, context.signal.aborted), () =>
    [
      ...once,
      ...(once.length > 0 ? ['What signs is shown here and never again.'] : []),
      plan.steps.length === 0
        ? `Nothing to do: ${plan.unchanged} unchanged.`
        : `${done} of ${plan.steps.length} done, ${plan.unchanged} unchanged.`,
    ].join('\n'),
  );
  if (kept !== '') context.say(`Not removed: ${kept}.`);
  if (!failure) return kept === '' ? exits.ok : exits.failed;
  const { exit, text } = explain(failure.error, context.signal.aborted);
  context.say(`${placesOf(failure, file)}${stepName(failure.step)} failed.\n${text}`);
  if (context.signal.aborted || isUnreachable(failure.error))
    context.say('Whether the service did it all the same is not known: --dry-run shows it.');
  if (open !== '') context.say(`Not tried: ${open}. What was done stays; apply again when it is mended.`);
  return exit === exits.usage ? exits.failed : exit;
}

/** Where in the file the refused fields stand. */
function placesOf({ step, error }: NonNullable<Performed['failure']>, file: ReadFile): string {
  if (step.action === 'remove') return '';
  const fields = error instanceof ApiError ? Object.keys(error.fields) : [];
  const paths = fields.length === 0 ? [[]] : fields.map((field) => field.replace(/_id$/, '').split('.'));
  const places = new Set(paths.map((path) => file.at([...step.declared.path, ...path])));
  return [...places].map((place) => `${place}: `).join('');
}

function documentOf(plan: Plan, performed: Performed | null, isInterrupted = false): unknown {
  const outcome = (step: Plan['steps'][number]): Outcome | undefined =>
    performed?.outcomes.find((each) => each.step === step);
  return {
    changes: plan.steps.map((step) => {
      const known = outcome(step);
      return {
        ...stepDocument(step),
        state: known?.state ?? 'planned',
        ...(known?.shownOnce ? { signing_secret: known.shownOnce } : {}),
        ...(known?.state === 'kept' ? explain(known.error, false).document : {}),
      };
    }),
    unchanged: plan.unchanged,
    left: plan.left.map(({ kind, name, database }) => ({ kind, name, ...(database === null ? {} : { database }) })),
    error: performed?.failure ? explain(performed.failure.error, isInterrupted).document.error : null,
  };
}
