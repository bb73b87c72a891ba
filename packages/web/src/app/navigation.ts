import {
  Bell,
  BellRing,
  CalendarCheck,
  Database,
  FileKey,
  HardDrive,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  Server,
  type LucideIcon,
} from 'lucide-react';

interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Shown only to tokens that may do everything. */
  admin?: true;
}

export interface Section {
  label: string;
  places: readonly Place[];
}

/** Where one can go, by how often it is wanted. */
export const sections: readonly Section[] = [
  {
    label: 'Watch',
    places: [
      { to: '/', label: 'Overview', icon: LayoutDashboard },
      { to: '/databases', label: 'Databases', icon: Database },
      { to: '/alerts', label: 'Alerts', icon: Bell },
    ],
  },
  {
    label: 'Set up',
    places: [
      { to: '/destinations', label: 'Destinations', icon: HardDrive },
      { to: '/policies', label: 'Server policies', icon: CalendarCheck },
      { to: '/notifications', label: 'Notifications', icon: BellRing },
      { to: '/servers', label: 'Remote servers', icon: Server, admin: true },
    ],
  },
  {
    label: 'Administer',
    places: [
      { to: '/tokens', label: 'Tokens', icon: KeyRound, admin: true },
      { to: '/audit', label: 'Audit log', icon: FileKey, admin: true },
      { to: '/queues', label: 'Queues', icon: ListChecks, admin: true },
    ],
  },
];
