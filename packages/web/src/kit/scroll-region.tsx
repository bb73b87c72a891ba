import { useCallback, useState, type ReactNode } from 'react';

export interface ScrollRegionProps {
  /** What it holds, for screen readers. */
  label: string;
  className: string;
  children: ReactNode;
}

/** What may be larger than its place. While it is, it takes the focus, so that keyboards can scroll it. */
export function ScrollRegion({ label, className, children }: ScrollRegionProps): React.JSX.Element {
  const [isLarger, setLarger] = useState(false);
  const watch = useCallback((element: HTMLElement | null) => {
    if (!element) return undefined;
    const sizes = new ResizeObserver(() =>
      setLarger(element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight),
    );
    sizes.observe(element);
    for (const child of element.children) sizes.observe(child);
    return () => sizes.disconnect();
  }, []);
  return (
    <section className={className} ref={watch} {...(isLarger && { tabIndex: 0, 'aria-label': label })}>
      {children}
    </section>
  );
}
