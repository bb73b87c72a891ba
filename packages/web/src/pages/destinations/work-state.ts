export type WorkStatus = 'none' | 'requested' | 'running' | 'done' | 'failed';

/** How work in the background on a destination is shown, and whether it still goes on. */
export function workState(status: WorkStatus): { badge: { state: string; word?: string }; isBusy: boolean } {
  if (status === 'none') return { badge: { state: 'unknown', word: 'Never' }, isBusy: false };
  if (status === 'requested') return { badge: { state: 'scheduled' }, isBusy: true };
  return { badge: { state: status }, isBusy: status === 'running' };
}
