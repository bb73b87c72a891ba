import type { Change } from '@holdfast/shared/domain';

export interface ChangeRepository {
  /**
   * Hears of every change from now on, as soon as it is committed, on a connection of its own.
   * @param lost called once when the connection breaks: from then on nothing is heard
   */
  listen(heard: (change: Change) => void, lost: () => void): Promise<Listening>;
}

export interface Listening {
  stop(): Promise<void>;
}
