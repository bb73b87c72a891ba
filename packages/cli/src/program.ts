import yargs from 'yargs';
import { commands } from './commands/index.ts';
import { refuseRepeated } from './repeated.ts';
import type { Run } from './command.ts';
import { Context, type Surroundings } from './context.ts';
import { explain } from './explain.ts';
import { exits, exitsHelp, usageError, type Exit } from './exits.ts';
import { completesName } from './completion/names.ts';
import { useShell } from './completion/shell.ts';

const version = '0.1.0';
const widest = 110;

/** Runs the command that the arguments name. @returns the exit code; never throws */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<Exit> {
  let exit: Exit = exits.ok;
  const run: Run = (work) => async (given) => {
    exit = (await work(new Context(surroundings, given), given)) ?? exits.ok;
  };
  try {
    if (await completesName(commands, args, surroundings)) return exits.ok;
    await programOf(useShell(args, surroundings.environment), surroundings, run).parseAsync();
    return exit;
  } catch (thrown) {
    const { exit: failed, text, document } = explain(thrown, surroundings.signal.aborted);
    if (args.includes('--json')) surroundings.out.write(`${JSON.stringify(document)}\n`);
    surroundings.err.write(`${text}\n`);
    return failed;
  }
}

function programOf(args: readonly string[], { out }: Surroundings, run: Run) {
  const base = yargs([...args])
    .scriptName('holdfast')
    .usage('$0 <command>\n\nBacks up databases and proves that they come back.')
    .locale('en')
    .parserConfiguration({
      // `--no-password` is an option by itself: no other can be given by its negation.
      'boolean-negation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .option('json', { type: 'boolean', describe: 'One JSON document; JSON lines while following', global: true })
    .option('profile', { type: 'string', describe: 'Which login (HOLDFAST_PROFILE, default)', global: true })
    .option('url', { type: 'string', describe: 'Address of the service (HOLDFAST_URL, the profile’s)', global: true })
    .version(version)
    .help()
    .alias('h', 'help')
    .completion('completion', 'Prints a script for completion: completion bash|zsh|fish')
    .command('recover', 'Lists, checks and restores backups from a bucket alone, without a service: recover --help')
    .command('agent', 'Backs up this machine for a service that cannot reach it: docs/agent.md')
    .demandCommand(1, 'Say which command: holdfast --help lists them.')
    .recommendCommands()
    .strict()
    .check(refuseRepeated)
    .exitProcess(false)
    .wrap(Math.min(out.columns ?? widest, widest))
    .epilogue(
      `${exitsHelp}\n\nSecrets are never arguments: they are typed, or come from standard input, the environment or files.`,
    )
    .fail((message, error) => {
      throw error ?? usageError(misuse(message, args));
    });
  let program = base as ReturnType<(typeof commands)[number]>;
  for (const add of commands) program = add(program, run);
  return program;
}

const secretOptions = ['password', 'token', 'access-key', 'secret-key', 'secret'];

/** Of what was typed wrongly only names of options are repeated: anything else may be a secret. */
function misuse(message: string, args: readonly string[]): string {
  const secret = secretOptions.find((name) =>
    args.some((each) => each === `--${name}` || each.startsWith(`--${name}=`)),
  );
  if (secret !== undefined) {
    return `There is no --${secret}: arguments can be read by everybody on this machine. See --help for where it is taken from.`;
  }
  if (message.startsWith('Not enough non-option arguments')) {
    return `Something is missing: holdfast ${args.find((each) => /^[a-z]+$/.test(each)) ?? ''} --help shows what to say.`;
  }
  if (!/^Unknown (argument|command)/.test(message)) return message;
  const options = args.filter((each) => /^--?[a-z]/i.test(each)).map((each) => each.split('=')[0]);
  const unknown = options.filter((option) => message.includes(option?.replace(/^--?/, '') ?? '-'));
  const named = unknown.length > 0 ? `: ${unknown.join(', ')}` : '';
  return `There is an argument or a command that is not known${named}: --help lists what there is.`;
}
