import { Initial1763683200000 } from './0001-initial.ts';
import { RemoteServers1763769600000 } from './0002-remote-servers.ts';
import { Slots1763856000000 } from './0003-slots.ts';
import { Proof1763942400000 } from './0004-proof.ts';

/** Every migration, oldest first. Released ones are never edited. */
export const migrations = [Initial1763683200000, RemoteServers1763769600000, Slots1763856000000, Proof1763942400000];
