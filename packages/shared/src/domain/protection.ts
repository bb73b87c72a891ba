import { durationText } from './duration-text.ts';
import { resolveObjectives, type Objectives, type ResolvedObjectives, type Rhythm } from './objectives.ts';
import {
  protectionStates,
  reason,
  reasonKind,
  type ProtectionReason,
  type ProtectionState,
  type ReasonCode,
} from './protection-reasons.ts';
import type { VerificationLevel } from './verification.ts';

/** A backup that counts. */
export interface GoodBackup {
  backupId: string;
  /** What is proven of it. */
  level: VerificationLevel;
  /** The moment that its content is of: when the attempt that made it began. */
  madeAt: Date;
}

/** How long a restore takes: `measured` by the newest one that succeeded, also of a verification, or told from others. */
export interface RestoreSeconds {
  seconds: number;
  basis: 'measured' | 'estimated';
}

/** All that a judgement is made from. */
export interface ProtectionFacts {
  /** By the clock of the database that the facts are from. */
  now: Date;
  vanishedAt: Date | null;
  /** What somebody set. */
  objectives: Objectives | null;
  /** Of the database, those that are switched off among them. */
  schedules: readonly Rhythm[];
  /** When the next backup is planned. */
  nextSlotAt: Date | null;
  /** Whether there ever was a backup, whatever came of it. */
  wasAsked: boolean;
  /** Whether one was ever done. */
  wasDone: boolean;
  /** Whether one waits or runs. */
  isUnderWay: boolean;
  /** The newest good one of which at least that much is proven. */
  newest: Readonly<Record<VerificationLevel, GoodBackup | null>>;
  /** The longest that one of the newest took; null: there is none. */
  backupSeconds: number | null;
  restore: RestoreSeconds | null;
  /** Whether our workers have nowhere to connect to. */
  lacksConnection: boolean;
  /** The remote server that backs it up. */
  server: { name: string; seenAt: Date | null } | null;
  /** When an attempt ended whose hooks were not run to their end, some while ago. */
  hooksOpenSince: Date | null;
  /** What alerts tell of it and of its schedules and policy. */
  conditions: readonly { code: ReasonCode; message: string }[];
  /** When each service was last heard. */
  services: { scheduler: Date | null; worker: Date | null };
  /** Seconds after which one that was not heard counts as gone. */
  silentSeconds: number;
}

export interface Judgement {
  state: ProtectionState;
  /** The worst first; none when it is protected. */
  reasons: ProtectionReason[];
  objectives: ResolvedObjectives;
  /** That counts by the objectives, however old it is. */
  newestGood: (GoodBackup & { ageSeconds: number }) | null;
  nextSlotAt: Date | null;
  restore: RestoreSeconds | null;
}

/**
 * Says whether a database is protected, and why not.
 * @throws Error when a schedule cannot be read
 */
export function judge(facts: ProtectionFacts): Judgement {
  const { now, nextSlotAt, restore, backupSeconds, server } = facts;
  const isRemote = server !== null;
  const objectives = resolveObjectives(facts.objectives, facts.schedules, { now, backupSeconds, isRemote });
  const newest = facts.newest[objectives.level];
  const unknown = unknowable(facts);
  const found = unknown.length > 0 ? unknown : [...lost(facts, objectives), ...risks(facts, objectives)];
  const state = protectionStates.findLast((one) => found.some(({ code }) => reasonKind(code).state === one));
  const rank = ({ code }: ProtectionReason): number => protectionStates.indexOf(reasonKind(code).state);
  return {
    state: state ?? 'protected',
    reasons: found.toSorted((a, b) => rank(b) - rank(a)),
    objectives,
    newestGood: newest && { ...newest, ageSeconds: secondsBetween(newest.madeAt, now) },
    nextSlotAt,
    restore,
  };
}

/** What is told of a database that could not be judged. */
export const notJudged = (message: string): Judgement => ({
  state: 'unknown',
  reasons: [reason('not_judged', `It could not be judged: ${message}`)],
  objectives: resolveObjectives(null, [], { now: new Date(0), backupSeconds: null, isRemote: false }),
  newestGood: null,
  nextSlotAt: null,
  restore: null,
});

/**
 * The alert that a judgement asks for, beside those that tell of its reasons already.
 * @param askedSince when the newest of its schedules was made, or the database registered
 */
export function alertOf(
  { state, reasons, objectives }: Judgement,
  { name, createdAt, askedSince, now }: { name: string; createdAt: Date; askedSince: Date; now: Date },
): { kind: 'protection_lost' | 'protection_at_risk'; message: string } | null {
  const told = (one: ProtectionReason | undefined, what: string): string =>
    `The database "${name}" is ${what}: ${one?.message} ${one?.action}`;
  const [worst] = reasons;
  if (state === 'unprotected') {
    // What was only just asked for has its time: a first backup, and a first one of a schedule that is to be proven.
    const firsts: Partial<Record<ReasonCode, Date>> = {
      never_backed_up: createdAt,
      level_not_reached: askedSince,
    };
    const since = worst && firsts[worst.code];
    return since && secondsBetween(since, now) <= objectives.rpoSeconds
      ? null
      : { kind: 'protection_lost', message: told(worst, 'unprotected') };
  }
  const untold = reasons.find(({ code }) => reasonKind(code).alert === null);
  // Where nobody asked for anything, nobody is told that it may not come.
  if (state !== 'at_risk' || untold === undefined || objectives.source === 'default') return null;
  return { kind: 'protection_at_risk', message: told(untold, 'at risk') };
}

function unknowable({ vanishedAt, objectives, schedules, wasAsked }: ProtectionFacts): ProtectionReason[] {
  if (vanishedAt) {
    return [reason('vanished', `The server of its policy lists it no more, since ${moment(vanishedAt)}.`)];
  }
  if (objectives === null && schedules.length === 0 && !wasAsked) {
    return [
      reason('nothing_asked', 'Nobody asked for backups of it: it has no schedule, no objectives, and no backup.'),
    ];
  }
  return [];
}

function lost(facts: ProtectionFacts, { level, rpoSeconds }: ResolvedObjectives): ProtectionReason[] {
  const { now, newest, wasDone } = facts;
  const isInTime = (one: GoodBackup | null): boolean => one !== null && secondsBetween(one.madeAt, now) <= rpoSeconds;
  const wanted = newest[level];
  if (isInTime(wanted)) return [];
  const stored = newest.stored;
  if (!stored) {
    return [
      wasDone
        ? reason('no_good_backup', 'None of its backups is good any more.')
        : reason('never_backed_up', 'No backup of it was ever done.'),
    ];
  }
  const most = `may be ${durationText(rpoSeconds)} old at most`;
  if (!isInTime(stored)) {
    return [reason('too_old', `The newest good backup is of ${moment(stored.madeAt)} and ${most}.`)];
  }
  const known = wanted ? `is of ${moment(wanted.madeAt)} and ${most}` : `does not exist, and ${most}`;
  return [
    reason(
      'level_not_reached',
      `The newest good backup, of ${moment(stored.madeAt)}, is proven to be "${stored.level}" alone; the newest one that is "${level}" ${known}.`,
    ),
  ];
}

function risks(facts: ProtectionFacts, objectives: ResolvedObjectives): ProtectionReason[] {
  const { conditions, hooksOpenSince } = facts;
  return [
    ...conditions.map(({ code, message }) => reason(code, message)),
    ...planned(facts, objectives),
    ...heard(facts, objectives),
    ...(hooksOpenSince
      ? [
          reason(
            'hooks_open',
            `An attempt ended at ${moment(hooksOpenSince)}, and its hooks were not run to their end.`,
          ),
        ]
      : []),
    ...restores(facts, objectives),
  ];
}

/** What speaks against the next backup's being planned in time. */
function planned(facts: ProtectionFacts, { level, rpoSeconds }: ResolvedObjectives): ProtectionReason[] {
  const { schedules, nextSlotAt, isUnderWay, newest, backupSeconds } = facts;
  if (schedules.length === 0) return [reason('not_scheduled', 'Nothing plans its next backup: it has no schedule.')];
  if (schedules.every(({ enabled }) => !enabled)) {
    return [reason('paused', 'Nothing plans its next backup: its schedules are switched off.')];
  }
  if (isUnderWay) return [];
  if (!nextSlotAt) return [reason('not_scheduled', 'None of its schedules has a time to come.')];
  const end = newest[level] && new Date(newest[level].madeAt.getTime() + rpoSeconds * 1000);
  const taking = Math.ceil(backupSeconds ?? 0);
  if (!end || nextSlotAt.getTime() + taking * 1000 <= end.getTime()) return [];
  const text = `Its next backup is planned for ${moment(nextSlotAt)} and takes about ${durationText(taking)}, and the newest one may not be older than ${durationText(rpoSeconds)}, which it is from ${moment(end)} on.`;
  return [reason('next_slot_late', text)];
}

/** Who is needed for the next backup and was not heard. */
function heard(facts: ProtectionFacts, { rpoSeconds }: ResolvedObjectives): ProtectionReason[] {
  const { now, services, silentSeconds, schedules, server, lacksConnection } = facts;
  const isSilent = (seenAt: Date | null, seconds: number): boolean =>
    seenAt === null || secondsBetween(seenAt, now) > seconds;
  const since = (seenAt: Date | null): string => (seenAt ? `was heard since ${moment(seenAt)}` : 'was ever heard');
  const found: ProtectionReason[] = [];
  if (schedules.some(({ enabled }) => enabled) && isSilent(services.scheduler, silentSeconds)) {
    found.push(reason('scheduler_silent', `No scheduler ${since(services.scheduler)}: nothing begins its slots.`));
  }
  if (server === null && isSilent(services.worker, silentSeconds)) {
    found.push(reason('worker_silent', `No worker ${since(services.worker)}: nothing makes its backups.`));
  }
  // How often one asks for work is its own affair; one that is silent for so long has missed a backup.
  if (server !== null && isSilent(server.seenAt, rpoSeconds)) {
    found.push(
      reason(
        'server_silent',
        `Its server "${server.name}" ${server.seenAt ? `was not heard since ${moment(server.seenAt)}` : 'was never heard'}.`,
      ),
    );
  }
  if (lacksConnection) found.push(reason('no_connection', 'It came from an import and has no connection yet.'));
  return found;
}

function restores({ restore }: ProtectionFacts, { rtoSeconds }: ResolvedObjectives): ProtectionReason[] {
  if (rtoSeconds === null || restore === null || restore.seconds <= rtoSeconds) return [];
  const { seconds, basis } = restore;
  const took = `${basis === 'measured' ? 'The newest restore of it took' : 'A restore of it would take about'} ${durationText(seconds)}`;
  return [reason('restore_slow', `${took}, and may take ${durationText(rtoSeconds)}.`)];
}

const secondsBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000;

const moment = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
