import { Random } from '../random.ts';
import { openKillBed, type KillBed } from './bed.ts';
import { strike, type Blow, type Ending, type Moment } from './moment.ts';
import { startWatcher } from './watcher.ts';

export interface KillReport {
  moments: number;
  old: number;
  new: number;
  /** Looks of the clients that saw a whole. */
  looks: number;
  refusals: number;
  /** What must not be, each with its moment. */
  violations: string[];
}

/** Two of three are kills, because those are the most usual. */
const blows: readonly Exclude<Blow, 'none'>[] = ['kill', 'kill', 'kill', 'kill', 'terminate', 'crash'];
const undoShare = 0.3;
/** Half of the moments are anywhere, half about the end, where the names are exchanged; in parts of an undisturbed work. */
const anywhere = [0, 1.15] as const;
const aboutTheEnd = [0.75, 1.25] as const;

/**
 * Ends restores in place and their undoing at moments that the seed chooses, under clients that look all the time.
 * @param onMoment is told how each went
 */
export async function runKills(
  seed: string,
  moments: number,
  onMoment: (line: string) => void = () => undefined,
): Promise<KillReport> {
  const bed = await openKillBed();
  const watcher = startWatcher(bed.server, bed.connection.database);
  const report: KillReport = { moments: 0, old: 0, new: 0, looks: 0, refusals: 0, violations: [] };
  try {
    const length = { restore: await undisturbed(bed, 'restore'), undo: await undisturbed(bed, 'undo') };
    const random = new Random(seed);
    for (let number = 1; number <= moments; number++) {
      const kind = random.chance(undoShare) ? 'undo' : 'restore';
      const [from, to] = random.chance(0.5) ? anywhere : aboutTheEnd;
      const moment: Moment = {
        name: `moment ${number}`,
        kind,
        keepFormer: random.chance(0.5),
        blow: random.pick(blows) ?? 'kill',
        afterMs: length[kind] * random.between(from, to),
      };
      report.moments += 1;
      const seen = watcher.mixtures.length;
      const ending = await strike(bed, moment).catch((error: unknown) => String(error));
      const mixtures = watcher.mixtures.slice(seen);
      const { blow, afterMs } = moment;
      const how = `${moment.name}: ${blow} after ${afterMs.toFixed(0)} ms of a ${kind}`;
      for (const wrong of [...mixtures, ...(typeof ending === 'string' ? [ending] : [])]) {
        report.violations.push(`${how}: ${wrong}`);
      }
      if (typeof ending !== 'string') {
        report[ending.content] += 1;
        // The machine may be busier or idler by now.
        length[kind] = ((ending.tookMs ?? length[kind]) + length[kind]) / 2;
      }
      onMoment(`${how}: ${typeof ending === 'string' ? ending : ending.content}`);
      if (typeof ending === 'string') break;
    }
  } finally {
    await watcher.stop();
    await bed.close();
  }
  return { ...report, looks: watcher.looks, refusals: watcher.refusals };
}

/** @returns how long it takes when nothing ends it */
async function undisturbed(bed: KillBed, kind: Moment['kind']): Promise<number> {
  const moment = { name: `whole ${kind}`, kind, keepFormer: true, blow: 'none', afterMs: 0 } as const;
  const { content, tookMs }: Ending = await strike(bed, moment);
  if (content === 'old' || tookMs === null) throw new Error(`The ${kind} did nothing.`);
  return tookMs;
}

/** The last line of a campaign, after what was wrong. */
export function printable({ moments, old, new: brought, looks, refusals, violations }: KillReport): string {
  const mixed = `${violations.length} mixed`;
  const clients = `clients saw a whole ${looks} times and were refused ${refusals} times`;
  return [...violations, `${moments} kills, ${old} old, ${brought} new, ${mixed}; ${clients}`].join('\n');
}
