import { Initial1763683200000 } from './0001-initial.ts';
import { RemoteServers1763769600000 } from './0002-remote-servers.ts';
import { Slots1763856000000 } from './0003-slots.ts';
import { Proof1763942400000 } from './0004-proof.ts';
import { Engines1764028800000 } from './0005-engines.ts';
import { Policies1764115200000 } from './0006-policies.ts';
import { Hooks1764201600000 } from './0007-hooks.ts';
import { Protection1764288000000 } from './0008-protection.ts';
import { Notifications1764374400000 } from './0009-notifications.ts';
import { Access1764460800000 } from './0010-access.ts';
import { Parts1764547200000 } from './0011-parts.ts';

/** Every migration, oldest first. Released ones are never edited. */
export const migrations = [
  Initial1763683200000,
  RemoteServers1763769600000,
  Slots1763856000000,
  Proof1763942400000,
  Engines1764028800000,
  Policies1764115200000,
  Hooks1764201600000,
  Protection1764288000000,
  Notifications1764374400000,
  Access1764460800000,
  Parts1764547200000,
];
