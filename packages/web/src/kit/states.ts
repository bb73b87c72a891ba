import {
  Ban,
  CalendarClock,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Clock,
  Info,
  LoaderCircle,
  ShieldAlert,
  ShieldCheck,
  ShieldQuestionMark,
  ShieldX,
  Trash2,
  TriangleAlert,
  Undo2,
  type LucideIcon,
} from 'lucide-react';
import type { Tone } from './tone.ts';

export interface StateLook {
  word: string;
  tone: Tone;
  icon: LucideIcon;
}

/** How each state of anything looks everywhere: its word, its colour, its icon. */
const looks: Readonly<Record<string, StateLook>> = {
  protected: { word: 'Protected', tone: 'good', icon: ShieldCheck },
  at_risk: { word: 'At risk', tone: 'warn', icon: ShieldAlert },
  unprotected: { word: 'Unprotected', tone: 'bad', icon: ShieldX },
  unknown: { word: 'Unknown', tone: 'neutral', icon: ShieldQuestionMark },

  planned: { word: 'Planned', tone: 'neutral', icon: CalendarClock },
  scheduled: { word: 'Waiting', tone: 'neutral', icon: Clock },
  pending: { word: 'Running', tone: 'info', icon: LoaderCircle },
  running: { word: 'Running', tone: 'info', icon: LoaderCircle },
  done: { word: 'Done', tone: 'good', icon: CircleCheck },
  delivered: { word: 'Delivered', tone: 'good', icon: CircleCheck },
  ok: { word: 'OK', tone: 'good', icon: CircleCheck },
  error: { word: 'Failed', tone: 'bad', icon: CircleX },
  failed: { word: 'Failed', tone: 'bad', icon: CircleX },
  missed: { word: 'Missed', tone: 'bad', icon: CircleAlert },
  skipped: { word: 'Skipped', tone: 'neutral', icon: Ban },
  undone: { word: 'Undone', tone: 'neutral', icon: Undo2 },
  cancelled: { word: 'Cancelled', tone: 'neutral', icon: Ban },
  deleted: { word: 'Deleted', tone: 'neutral', icon: Trash2 },
  deleting: { word: 'Being deleted', tone: 'warn', icon: Trash2 },
  damaged: { word: 'Damaged', tone: 'bad', icon: CircleX },
  paused: { word: 'Paused', tone: 'warn', icon: CircleDashed },
  enabled: { word: 'Enabled', tone: 'good', icon: CircleCheck },
  disabled: { word: 'Disabled', tone: 'neutral', icon: CircleDashed },
  silent: { word: 'Silent', tone: 'bad', icon: CircleAlert },
  open: { word: 'Open', tone: 'bad', icon: CircleAlert },
  cleared: { word: 'Over', tone: 'neutral', icon: CircleCheck },

  critical: { word: 'Critical', tone: 'bad', icon: CircleAlert },
  warning: { word: 'Warning', tone: 'warn', icon: TriangleAlert },
  info: { word: 'Info', tone: 'info', icon: Info },

  stored: { word: 'Stored', tone: 'neutral', icon: CircleDashed },
  readable: { word: 'Readable', tone: 'info', icon: CircleCheck },
  restorable: { word: 'Restorable', tone: 'good', icon: CircleCheck },
  identical: { word: 'Identical', tone: 'good', icon: ShieldCheck },
};

/** @returns how `state` looks; a state without a look of its own by its name, in words */
export function lookOf(state: string): StateLook {
  const words = state.replaceAll('_', ' ');
  const word = words.charAt(0).toUpperCase() + words.slice(1);
  return looks[state] ?? { word, tone: 'neutral', icon: CircleHelp };
}
