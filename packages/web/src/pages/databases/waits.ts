import type { Backup } from '../../data/backups.ts';
import type { Protection } from '../../data/protection.ts';
import type { Server } from '../../data/servers.ts';
import type { FailureCode } from './failure-help.ts';

/** What is known of work that waits or stands still. */
export interface Situation {
  work: Pick<Backup, 'status' | 'error' | 'attempts'>;
  /** Seconds since it was asked for, and since a byte moved. */
  age: number;
  still: number;
  /** The remote server that does it; null: our workers do; undefined: not known. */
  server: Pick<Server, 'id' | 'name' | 'last_seen_at'> | null | undefined;
  /** Seconds since that one asked for work; null: it never did. */
  unseen: number | null;
  services: Protection['services'];
  /** Another restore has to end first. */
  isBehind: boolean;
}

/** What work waits for, for people. */
export interface Wait {
  title: string;
  text: string;
  /** Something is missing that somebody has to bring back. */
  isAbsent: boolean;
  /** Where to look. */
  look: 'server' | 'destination' | 'connection' | null;
}

/** An agent that is there asks each half minute, and a request is noted once a minute. */
const lateSeconds = 180;
/** Dispatching takes seconds: after so many, something else is in the way. */
const longSeconds = 30;

const absentStore = new Set<FailureCode>(['store_unreachable', 'store_failed', 'store_full']);
const absentHost = new Set<FailureCode>(['host_unreachable', 'server_silent', 'server_busy', 'connection_lost']);
const goesOn = 'Nothing is lost: it goes on by itself.';

/** @returns null where nothing is to be said but that it waits or runs */
export function waitOf(situation: Situation): Wait | null {
  const { work, still } = situation;
  if (work.status === 'scheduled') return beforeAttempt(situation);
  if (work.status !== 'pending' || still < longSeconds) return null;
  const title = `Nothing moved for ${Math.floor(still)} seconds`;
  const text = `The database server or the destination does not answer, or somebody holds a lock. ${goesOn}`;
  return { title, text, isAbsent: true, look: 'destination' };
}

function beforeAttempt({ work, age, server, unseen, services, isBehind }: Situation): Wait | null {
  const isSilent = (name: string): boolean =>
    services.some(({ service, state }) => service === name && state === 'silent');
  if (isBehind) {
    const title = 'Waits for the restore before it';
    return { title, text: 'That one brings the roles and tablespaces of the server.', isAbsent: false, look: null };
  }
  if (server && (unseen === null || unseen > lateSeconds)) {
    const title = `The agent on ${server.name} does not ask for work`;
    return { title, text: `See that it runs on that machine. ${goesOn}`, isAbsent: true, look: 'server' };
  }
  if (server === null && isSilent('worker')) {
    return { title: 'No worker is there', text: `See that one runs. ${goesOn}`, isAbsent: true, look: null };
  }
  if (isSilent('scheduler')) {
    return { title: 'No scheduler is there', text: `See that one runs. ${goesOn}`, isAbsent: true, look: null };
  }
  if (work.error && absentStore.has(work.error.code)) {
    return { title: 'Waits for the destination', text: goesOn, isAbsent: true, look: 'destination' };
  }
  if (work.error && absentHost.has(work.error.code)) {
    return { title: 'Waits for the database server', text: goesOn, isAbsent: true, look: 'connection' };
  }
  if (work.attempts.length > 0 || age < longSeconds || server !== null) return null;
  const text = 'Others run on the same database, server, destination or account, and only so many do at once.';
  return { title: 'Waits for its turn', text, isAbsent: false, look: null };
}
