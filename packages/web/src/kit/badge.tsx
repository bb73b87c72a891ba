import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import './badge.css';
import type { Tone } from './tone.ts';

export interface BadgeProps {
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
}

/** A short word that stands out. */
export function Badge({ tone = 'neutral', icon: Icon, children }: BadgeProps): React.JSX.Element {
  return (
    <span className="badge" data-tone={tone}>
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </span>
  );
}
