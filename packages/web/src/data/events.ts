import { useEffect } from 'react';
import { connection, noteProgress } from './live.ts';
import { queryClient } from './query.ts';

/** What `/api/events` says of one thing that changed. */
interface Change {
  kind: 'backup' | 'restore' | 'verification' | 'alert' | 'run' | 'delivery';
  id: string;
  database_id: string | null;
  status: string;
  progress: { bytes: number; total: number | null } | null;
}

type Key = readonly string[];

/** Beginnings of the keys of the queries whose answers a change makes old. */
function keysOf({ kind, id }: Pick<Change, 'kind' | 'id'>): readonly Key[] {
  switch (kind) {
    case 'backup':
      return [['backups', id], ['databases'], ['protection'], ['calendar']];
    case 'restore':
      return [['restores', id], ['backups'], ['databases']];
    case 'verification':
      return [['verifications', id], ['backups'], ['databases'], ['protection']];
    case 'alert':
      return [['alerts'], ['protection']];
    case 'run':
      return [['policies'], ['calendar']];
    case 'delivery':
      return [['deliveries'], ['channels']];
  }
}

const underWay = new Set(['scheduled', 'pending']);
/** Progress alone changes no row that is shown. */
const settleMs = 250;

/** Collects what many events ask for, so that a burst of them is one look at the server. */
function refresher(): (change: Change) => void {
  const seen = new Map<string, string>();
  const keys = new Map<string, Key>();
  const refresh = (): void => {
    const asked = [...keys.values()];
    keys.clear();
    for (const queryKey of asked) void queryClient.invalidateQueries({ queryKey });
  };
  return (change) => {
    const { id, status, progress } = change;
    noteProgress(id, underWay.has(status) ? progress : null);
    if (seen.get(id) === status && progress !== null) return;
    seen.set(id, status);
    if (keys.size === 0) setTimeout(refresh, settleMs);
    for (const key of keysOf(change)) keys.set(key.join('/'), key);
  };
}

function isChange(data: unknown): data is Change {
  return typeof data === 'object' && data !== null && 'kind' in data && 'id' in data && 'status' in data;
}

const longestPauseMs = 30_000;

/**
 * Listens as long as somebody is signed in. The browser connects again by itself after a loss, except when it was refused:
 * then we do. What happened meanwhile was not told, so that everything shown is asked for again.
 */
export function useEvents(): void {
  useEffect(() => {
    const note = refresher();
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let pauseMs = 1000;
    let lost = false;
    const listen = (): void => {
      source = new EventSource('/api/events');
      source.addEventListener('open', () => {
        connection.set('live');
        pauseMs = 1000;
        if (lost) void queryClient.invalidateQueries();
        lost = false;
      });
      source.addEventListener('change', ({ data }: MessageEvent<string>) => {
        const change: unknown = JSON.parse(data);
        if (isChange(change)) note(change);
      });
      source.addEventListener('error', () => {
        lost = true;
        connection.set('lost');
        if (source?.readyState !== EventSource.CLOSED) return;
        again = setTimeout(listen, pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      });
    };
    listen();
    return () => {
      source?.close();
      clearTimeout(again);
      connection.set('connecting');
    };
  }, []);
}
