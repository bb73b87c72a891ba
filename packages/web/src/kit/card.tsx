import { useId, type ReactNode } from 'react';
import './card.css';

export interface CardProps {
  /** A heading of the second level; without it the card is only a surface. */
  title?: string;
  /** Beside the title. */
  actions?: ReactNode;
  /** No padding, for a table that fills the card. */
  flush?: boolean;
  children: ReactNode;
}

export function Card({ title, actions, flush = false, children }: CardProps): React.JSX.Element {
  const id = useId();
  const head = title !== undefined && (
    <div className="card__head">
      <h2 id={id}>{title}</h2>
      {actions}
    </div>
  );
  const body = (
    <>
      {head}
      <div className="card__body">{children}</div>
    </>
  );
  return title === undefined ? (
    <div className="card" data-flush={flush}>
      {body}
    </div>
  ) : (
    <section className="card" data-flush={flush} aria-labelledby={id}>
      {body}
    </section>
  );
}
