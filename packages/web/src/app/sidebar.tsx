import { BookOpen, LogOut } from 'lucide-react';
import { NavLink } from 'react-router';
import { useAlerts } from '../data/alerts.ts';
import { useConnection, type Connection } from '../data/live.ts';
import { useSignOut, type Session } from '../data/session.ts';
import { Button, countOf, LinkButton, toast } from '../kit/index.ts';
import { Brand } from './brand.tsx';
import { sections } from './navigation.ts';
import { ThemeSwitch } from './theme-switch.tsx';

/** Where one can go, who one is, and how the page looks. @param open whether it is shown where there is no room beside */
export function Sidebar({ session, open }: { session: Session; open: boolean }): React.JSX.Element {
  const signOut = useSignOut();
  return (
    <div className={open ? 'sidebar sidebar--open' : 'sidebar'}>
      <div className="sidebar__inside">
        <Navigation isAdmin={session.token.scopes.includes('admin')} />
        <footer className="sidebar__foot">
          <LiveDot />
          <div className="who">
            <span className="who__account" title={session.account.name}>
              {session.account.name}
            </span>
            <span className="soft" title={session.token.name}>
              Token “{session.token.name}”
            </span>
          </div>
          <ThemeSwitch />
          <div className="sidebar__actions">
            <LinkButton size="s" tone="quiet" icon={BookOpen} href={session.links.docs} newTab>
              API docs
            </LinkButton>
            <Button
              size="s"
              tone="quiet"
              icon={LogOut}
              busy={signOut.isPending}
              onClick={() => signOut.mutate(undefined, { onError: toast.bad })}
            >
              Sign out
            </Button>
          </div>
        </footer>
      </div>
    </div>
  );
}

function Navigation({ isAdmin }: { isAdmin: boolean }): React.JSX.Element {
  const shown = sections
    .map(({ label, places }) => ({ label, places: places.filter(({ admin }) => isAdmin || !admin) }))
    .filter(({ places }) => places.length > 0);
  return (
    <nav className="navigation" aria-label="Main">
      <Brand />
      {shown.map(({ label, places }) => (
        <div className="navigation__section" key={label}>
          <h2 className="navigation__label">{label}</h2>
          <ul>
            {places.map(({ to, label: name, icon: Icon }) => (
              <li key={to}>
                <NavLink className="navigation__link" to={to} end={to === '/'}>
                  <Icon size={18} aria-hidden />
                  {name}
                  {to === '/alerts' && <OpenAlerts />}
                </NavLink>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function OpenAlerts(): React.JSX.Element | null {
  const count = useAlerts('open').data?.length ?? 0;
  if (count === 0) return null;
  return (
    <span className="navigation__count" title={`${countOf(count, 'alert')} open`}>
      {count}
      <span className="hidden-visually"> open</span>
    </span>
  );
}

const words: Record<Connection, string> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'No connection: trying again',
};

function LiveDot(): React.JSX.Element {
  const connection = useConnection();
  return (
    <output className="live" data-connection={connection}>
      <span className="live__dot" aria-hidden />
      {words[connection]}
    </output>
  );
}
