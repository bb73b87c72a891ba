import { CircleAlert, CircleCheck, Info, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import './badge.css';
import './callout.css';
import type { Tone } from './tone.ts';

const icons: Record<Tone, LucideIcon> = {
  good: CircleCheck,
  warn: TriangleAlert,
  bad: CircleAlert,
  info: Info,
  neutral: Info,
};

export interface CalloutProps {
  tone?: Tone;
  title?: string;
  /** Read out at once when it appears: for what the reader has just caused. */
  announce?: boolean;
  actions?: ReactNode;
  children?: ReactNode;
}

/** A few sentences that have to be seen. */
export function Callout({
  tone = 'info',
  title,
  announce = false,
  actions,
  children,
}: CalloutProps): React.JSX.Element {
  const Icon = icons[tone];
  return (
    <div className="callout" data-tone={tone} role={announce ? 'alert' : undefined}>
      <Icon size={18} aria-hidden />
      <div className="callout__text">
        {title !== undefined && <p className="callout__title">{title}</p>}
        {children !== undefined && <div>{children}</div>}
        {actions !== undefined && <div className="callout__actions">{actions}</div>}
      </div>
    </div>
  );
}
