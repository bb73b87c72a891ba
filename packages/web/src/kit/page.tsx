import { useEffect, type ReactNode } from 'react';
import { Link } from 'react-router';
import './page.css';

/** What one address shows: a PageHeader, then cards. */
export function Page({ children }: { children: ReactNode }): React.JSX.Element {
  return <div className="page">{children}</div>;
}

interface Crumb {
  label: string;
  to: string;
}

export interface PageHeaderProps {
  /** Also the document's title. */
  title: string;
  /** The pages above this one, from the outermost. */
  crumbs?: readonly Crumb[];
  /** Beside the title: a state's badge. */
  badge?: ReactNode;
  lead?: ReactNode;
  /** Buttons. */
  actions?: ReactNode;
}

export function PageHeader({ title, crumbs, badge, lead, actions }: PageHeaderProps): React.JSX.Element {
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  return (
    <header className="page-header">
      <div className="page-header__text">
        {crumbs && (
          <nav aria-label="Breadcrumb">
            <ol className="crumbs">
              {crumbs.map(({ label, to }) => (
                <li key={to}>
                  <Link to={to}>{label}</Link>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div className="page-header__title">
          <h1 tabIndex={-1}>{title}</h1>
          {badge}
        </div>
        {lead !== undefined && <p className="page-header__lead">{lead}</p>}
      </div>
      {actions !== undefined && <div className="page-header__actions">{actions}</div>}
    </header>
  );
}
