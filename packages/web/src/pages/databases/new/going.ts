import type { Destination } from '../../../data/destinations.ts';
import type { DestinationForm } from '../../destinations/form.ts';

/** Where the backups go, as a form holds it: one that is there, or one to be made. */
export interface Going {
  /** '': a new one; null while nobody chose, which follows what destinations there are. */
  chosen: string | null;
  form: DestinationForm;
}

/** The one that is meant at first: off-site where there is such, else the oldest; '' where there is none. */
export const usualDestination = (destinations: readonly Pick<Destination, 'id' | 'type'>[]): string => {
  const usual = destinations.findLast(({ type }) => type !== 'local') ?? destinations.at(-1);
  return usual ? String(usual.id) : '';
};

export const chosenOf = (
  { chosen }: Pick<Going, 'chosen'>,
  destinations: readonly Pick<Destination, 'id' | 'type'>[],
) => chosen ?? usualDestination(destinations);
