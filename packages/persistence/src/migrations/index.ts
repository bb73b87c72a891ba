import { Initial1763683200000 } from './0001-initial.ts';

/** Every migration, oldest first. Released ones are never edited. */
export const migrations = [Initial1763683200000];
