import { useSyncExternalStore } from 'react';

/** How far work is, as events tell it. */
export interface LiveProgress {
  bytes: number;
  /** Null when it is not known beforehand. */
  total: number | null;
  /** When the figure came, in milliseconds of this page's life. */
  at: number;
  /** Bytes per second between the last two figures; null with one. */
  rate: number | null;
}

export type Connection = 'connecting' | 'live' | 'lost';

/** A value that components follow. */
class Followed<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  readonly set = (value: T): void => {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export const connection = new Followed<Connection>('connecting');
const progress = new Followed<ReadonlyMap<string, LiveProgress>>(new Map());

/** @param figures null when the work is over, or tells none */
export function noteProgress(id: string, figures: { bytes: number; total: number | null } | null): void {
  const next = new Map(progress.get());
  const before = next.get(id);
  if (figures === null) {
    if (!next.delete(id)) return;
  } else {
    const at = performance.now();
    const seconds = before ? (at - before.at) / 1000 : 0;
    const rate = before && seconds > 0 ? Math.max(0, figures.bytes - before.bytes) / seconds : null;
    next.set(id, { ...figures, at, rate });
  }
  progress.set(next);
}

/** The progress of one backup or restore; undefined while nothing is known. */
export const useLiveProgress = (id: string): LiveProgress | undefined =>
  useSyncExternalStore(progress.subscribe, () => progress.get().get(id));

export const useConnection = (): Connection => useSyncExternalStore(connection.subscribe, connection.get);
