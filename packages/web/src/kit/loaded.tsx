import type { ReactNode } from 'react';
import { ErrorNotice } from './error-notice.tsx';
import { Skeleton } from './skeleton.tsx';

/** What of a query of @tanstack/react-query is looked at. */
interface Loadable<Data> {
  data: Data | undefined;
  error: unknown;
  refetch: () => unknown;
}

export interface LoadedProps<Data> {
  query: Loadable<Data>;
  /** Shown while loading, instead of a Skeleton. */
  loading?: ReactNode;
  children: (data: Data) => ReactNode;
}

/** The three states of a query: loading, refused, there. What was there once stays when a later look fails. */
export function Loaded<Data>({ query, loading, children }: LoadedProps<Data>): React.JSX.Element {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ErrorNotice error={query.error} onRetry={() => query.refetch()} />;
  return <>{loading ?? <Skeleton />}</>;
}
