import { setTimeout as pause } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { Context } from './context.ts';
import { isUnreachable } from './explain.ts';
import { CliError, exits } from './exits.ts';
import { bytesText, durationText } from './output/figures.ts';

/** Work of the service, as far as following it goes. */
export interface Followed {
  id: string;
  status: 'scheduled' | 'pending' | 'done' | 'error';
  attempt: number;
  progress: { bytes: number; fraction: number | null };
  error: { code: string; message: string } | null;
}

export interface Following<Work extends Followed> {
  /** Such as "The backup". */
  what: string;
  look: () => Promise<Work>;
  /** What somebody types who wants to know more later. */
  later: string;
}

const firstPauseMs = 100;
const longestPauseMs = 1000;
const saySeconds = 10;
const patienceSeconds = 60;

/**
 * Follows work to its end, on a terminal with a bar, else with a line for each state and every ten seconds.
 * @throws CliError interrupted, when the signal comes, and unreachable, when the service is away for a minute: the work goes on
 */
export async function follow<Work extends Followed>(context: Context, following: Following<Work>): Promise<Work> {
  const show = context.json ? jsonLines(context) : context.surroundings.err.isTTY ? bar(context) : plainLines(context);
  try {
    return await lookUntilEnded(context, following, show);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new CliError(
      exits.interrupted,
      `Interrupted. ${following.what} goes on: \`${following.later}\` tells how it goes.`,
    );
  } finally {
    show.end();
  }
}

interface Show {
  at: (work: Followed) => void;
  end: () => void;
}

async function lookUntilEnded<Work extends Followed>(
  context: Context,
  { what, look, later }: Following<Work>,
  show: Show,
): Promise<Work> {
  let [wait, awaySince] = [firstPauseMs, null as number | null];
  for (;;) {
    try {
      const work = await look();
      awaySince = null;
      show.at(work);
      if (work.status === 'done' || work.status === 'error') return work;
    } catch (error) {
      if (!isUnreachable(error) || context.signal.aborted) throw error;
      awaySince ??= context.now().getTime();
      if (context.now().getTime() - awaySince > patienceSeconds * 1000) {
        const text = `The service has been away for ${patienceSeconds} s. ${what} goes on without it being looked at: \`${later}\` tells how it went.`;
        throw new CliError(exits.unreachable, text);
      }
    }
    await pause(wait, undefined, { signal: context.signal });
    wait = Math.min(longestPauseMs, wait * 1.5);
  }
}

const rate = (bytes: number, seconds: number): string => (seconds > 0 ? `${bytesText(bytes / seconds)}/s` : '');

function bar(context: Context): Show {
  const begun = context.now().getTime();
  const scale = 1000;
  const seconds = (): number => (context.now().getTime() - begun) / 1000;
  const single = new SingleBar({
    stream: context.surroundings.err,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    format: (options, { progress }, { work }: { work?: Followed }) => {
      if (!work) return '';
      const { bytes, fraction } = work.progress;
      const filled = Math.round(progress * (options.barsize ?? 0));
      const drawn = `[${'='.repeat(filled)}${' '.repeat((options.barsize ?? 0) - filled)}] ${Math.floor(progress * 100)} %`;
      const figures = [bytesText(bytes), rate(bytes, seconds()), durationText(seconds())];
      return [work.status, ...(fraction === null ? [] : [drawn]), ...figures].join('  ');
    },
  });
  single.start(scale, 0, {});
  return {
    at: (work) => single.update(Math.round((work.progress.fraction ?? 0) * scale), { work }),
    end: () => single.stop(),
  };
}

function plainLines(context: Context): Show {
  let [state, saidAt] = ['', 0];
  const begun = context.now().getTime();
  return {
    at: ({ status, attempt, progress, error }) => {
      const now = context.now().getTime();
      const isNew = `${status} ${attempt}` !== state;
      if (!isNew && now - saidAt < saySeconds * 1000) return;
      [state, saidAt] = [`${status} ${attempt}`, now];
      const share = progress.fraction === null ? [] : [`${Math.floor(progress.fraction * 100)} %`];
      const again = status === 'scheduled' && error ? [`tried again after: ${error.message}`] : [];
      const counted = attempt > 1 ? [`attempt ${attempt}`] : [];
      const parts = [
        status,
        ...counted,
        ...share,
        bytesText(progress.bytes),
        durationText((now - begun) / 1000),
        ...again,
      ];
      context.say(parts.join('  '));
    },
    end: () => undefined,
  };
}

/** Whatever changed, as it is; the end is the result, which the command prints itself. */
function jsonLines(context: Context): Show {
  let [state, saidAt] = ['', 0];
  return {
    at: (work) => {
      if (work.status === 'done' || work.status === 'error') return;
      const now = context.now().getTime();
      if (`${work.status} ${work.attempt}` === state && now - saidAt < saySeconds * 1000) return;
      [state, saidAt] = [`${work.status} ${work.attempt}`, now];
      context.result(work, () => '');
    },
    end: () => undefined,
  };
}
