import { Menu, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Navigate, Outlet, useLocation, useNavigation } from 'react-router';
import { useEvents } from '../data/events.ts';
import { useSession, type Session } from '../data/session.ts';
import { Button, ErrorNotice, Page, Skeleton, Toaster } from '../kit/index.ts';
import { Brand } from './brand.tsx';
import { RouteAnnouncer } from './route-announcer.tsx';
import './shell.css';
import { Sidebar } from './sidebar.tsx';

/** Around every page but the one that asks who is there. */
export function Shell(): React.JSX.Element {
  const { data: session, error, refetch } = useSession();
  const { pathname, search } = useLocation();
  if (session === null) {
    const from = `${pathname}${search}`;
    return <Navigate to={from === '/' ? '/sign-in' : `/sign-in?from=${encodeURIComponent(from)}`} replace />;
  }
  if (session !== undefined) return <SignedIn session={session} />;
  return (
    <main>
      <Page>
        {error ? <ErrorNotice error={error} onRetry={() => void refetch()} /> : <Skeleton label="Loading Holdfast" />}
      </Page>
    </main>
  );
}

function SignedIn({ session }: { session: Session }): React.JSX.Element {
  useEvents();
  const { pathname } = useLocation();
  const navigation = useNavigation();
  const [openAt, setOpenAt] = useState<string | null>(null);
  const open = openAt === pathname;
  const close = (): void => setOpenAt(null);
  useEffect(() => {
    if (!open) return undefined;
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') setOpenAt(null);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [open]);
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      {navigation.state !== 'idle' && <div className="main__progress" aria-hidden />}
      <div className="shell">
        <header className="topbar">
          <Brand />
          <Button
            tone="quiet"
            icon={open ? X : Menu}
            label={open ? 'Close navigation' : 'Open navigation'}
            onClick={() => setOpenAt(open ? null : pathname)}
          />
        </header>
        {open && <button type="button" className="scrim" aria-label="Close navigation" onClick={close} />}
        <Sidebar session={session} open={open} />
        <main className="main" id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <RouteAnnouncer />
      <Toaster />
    </>
  );
}
