import type { CSSProperties, ReactNode } from 'react';
import './layout.css';

/** Things under each other. */
export function Stack({ gap = 'm', children }: { gap?: 's' | 'm' | 'l'; children: ReactNode }): React.JSX.Element {
  return (
    <div className="stack" data-gap={gap}>
      {children}
    </div>
  );
}

/** Things beside each other, as long as there is room. @param spread the first at the left, the last at the right */
export function Inline({ spread = false, children }: { spread?: boolean; children: ReactNode }): React.JSX.Element {
  return (
    <div className="inline" data-spread={spread}>
      {children}
    </div>
  );
}

/** As many columns as fit. @param least the least width of one, as CSS says it */
export function Grid({ least = '16rem', children }: { least?: string; children: ReactNode }): React.JSX.Element {
  return (
    <div className="grid" style={{ '--grid-least': least } as CSSProperties}>
      {children}
    </div>
  );
}

/** Text that explains rather than tells. */
export function Soft({ small = false, children }: { small?: boolean; children: ReactNode }): React.JSX.Element {
  return <span className={small ? 'soft small' : 'soft'}>{children}</span>;
}
