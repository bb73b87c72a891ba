import { Fragment, type ReactNode } from 'react';
import './key-values.css';

export type KeyValue = readonly [name: string, value: ReactNode];

/** Names and their values. Those whose value is undefined are left out. */
export function KeyValues({ items }: { items: readonly KeyValue[] }): React.JSX.Element {
  return (
    <dl className="key-values">
      {items.map(
        ([name, value]) =>
          value !== undefined && (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}
