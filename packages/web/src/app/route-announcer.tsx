import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';

/** After a change of page the focus moves to its heading, so that keyboards and screen readers begin there. */
export function RouteAnnouncer(): null {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return undefined;
    before.current = pathname;
    window.scrollTo(0, 0);
    const main = document.querySelector('#main');
    const begin = (): boolean => {
      const heading = main?.querySelector<HTMLElement>('h1');
      heading?.focus({ preventScroll: true });
      return heading !== null && heading !== undefined;
    };
    if (begin() || !main) return undefined;
    const appears = new MutationObserver(() => {
      if (begin()) appears.disconnect();
    });
    appears.observe(main, { childList: true, subtree: true });
    return () => appears.disconnect();
  }, [pathname]);
  return null;
}
