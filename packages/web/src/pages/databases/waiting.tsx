import { useState } from 'react';
import type { Backup } from '../../data/backups.ts';
import { useDatabase } from '../../data/databases.ts';
import { useLiveProgress } from '../../data/live.ts';
import { useProtectionOverview } from '../../data/protection.ts';
import { useServers } from '../../data/servers.ts';
import { Callout, LinkButton } from '../../kit/index.ts';
import { useEverySecond } from './every-second.ts';
import { waitOf, type Wait } from './waits.ts';

export interface WaitingProps {
  /** The database whose server it works on. */
  db: string;
  work: Pick<Backup, 'id' | 'status' | 'error' | 'attempts' | 'progress' | 'created_at'>;
  /** Where the backup goes; null for a restore, which may read nothing for long while it builds. */
  destination: number | null;
  /** Another restore has to end first. */
  isBehind?: boolean;
}

const secondsSince = (at: string, now: Date): number => (now.getTime() - Date.parse(at)) / 1000;

/** What work that goes no further waits for, and where to look. */
export function Waiting({ db, work, destination, isBehind = false }: WaitingProps): React.JSX.Element | null {
  const now = useEverySecond();
  const { data: database } = useDatabase(db);
  const id = database?.server_id ?? null;
  const { data: servers } = useServers({ enabled: id !== null });
  const { data: protection } = useProtectionOverview();
  const still = useStill(work, now);
  const server = id === null ? database && null : servers?.find((one) => one.id === id);
  const seen = server?.last_seen_at ?? null;
  const wait = waitOf({
    work,
    age: secondsSince(work.created_at, now),
    still: destination === null || work.progress.fraction === 1 ? 0 : still,
    server,
    unseen: seen === null ? null : secondsSince(seen, now),
    services: protection?.services ?? [],
    isBehind,
  });
  if (!wait) return null;
  const actions = placeToLook(wait.look, { db, server: id, destination });
  return (
    <Callout tone={wait.isAbsent ? 'warn' : 'neutral'} title={wait.title} {...(actions && { actions })}>
      {wait.text}
    </Callout>
  );
}

/** Seconds since the bytes that were read last changed, as long as this page looks. */
function useStill({ id, progress }: WaitingProps['work'], now: Date): number {
  const bytes = Math.max(progress.bytes, useLiveProgress(id)?.bytes ?? 0);
  const [seen, setSeen] = useState({ bytes, at: now });
  if (seen.bytes !== bytes) setSeen({ bytes, at: now });
  return (now.getTime() - seen.at.getTime()) / 1000;
}

interface Place {
  db: string;
  server: number | null;
  destination: number | null;
}

function placeToLook(at: Wait['look'], { db, server, destination }: Place): React.JSX.Element | null {
  if (at === 'server' && server !== null) {
    return (
      <LinkButton size="s" to={`/servers/${server}`}>
        The remote server
      </LinkButton>
    );
  }
  if (at === 'destination' && destination !== null) {
    return (
      <LinkButton size="s" to={`/destinations/${destination}?try=1`}>
        Test the destination
      </LinkButton>
    );
  }
  if (at !== 'connection') return null;
  return (
    <LinkButton size="s" to={`/databases/${db}/settings`}>
      Test the connection
    </LinkButton>
  );
}
