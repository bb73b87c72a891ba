import { Inbox, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import './empty-state.css';

export interface EmptyStateProps {
  /** What is not there: `No backups yet`. */
  title: string;
  icon?: LucideIcon;
  /** What would be here, and how it comes. */
  children?: ReactNode;
  actions?: ReactNode;
}

export function EmptyState({ title, icon: Icon = Inbox, children, actions }: EmptyStateProps): React.JSX.Element {
  return (
    <div className="empty">
      <Icon size={32} strokeWidth={1.5} aria-hidden />
      <p className="empty__title">{title}</p>
      {children !== undefined && <div className="empty__text">{children}</div>}
      {actions !== undefined && <div className="empty__actions">{actions}</div>}
    </div>
  );
}
