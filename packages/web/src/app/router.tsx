import { createBrowserRouter, type RouteObject } from 'react-router';
import { Page, Skeleton } from '../kit/index.ts';
import { PageFailure } from './page-failure.tsx';
import { Shell } from './shell.tsx';

/** The module of a page, loaded when it is first shown. */
type PageModule = Promise<{ default: React.ComponentType }>;

/** In the place of the first page, while its module comes. */
const PageLoading = (): React.JSX.Element => (
  <Page>
    <Skeleton label="Loading the page" />
  </Page>
);

const page = (path: string, load: () => PageModule): RouteObject => ({
  path,
  errorElement: <PageFailure />,
  hydrateFallbackElement: <PageLoading />,
  lazy: async () => ({ Component: (await load()).default }),
});

const pages: RouteObject[] = [
  page('/', () => import('../pages/overview/overview.tsx')),
  page('/alerts', () => import('../pages/alerts/alerts.tsx')),
  page('/tokens', () => import('../pages/tokens/tokens.tsx')),
  page('/audit', () => import('../pages/audit/audit.tsx')),
  page('/queues', () => import('../pages/queues/queues.tsx')),
  page('/databases', () => import('../pages/databases/list.tsx')),
  page('/databases/new', () => import('../pages/databases/new.tsx')),
  page('/databases/:db', () => import('../pages/databases/database.tsx')),
  page('/databases/:db/settings', () => import('../pages/databases/settings.tsx')),
  page('/databases/:db/backups/:backup', () => import('../pages/databases/backup.tsx')),
  page('/databases/:db/backups/:backup/restore', () => import('../pages/databases/restore.tsx')),
  page('/destinations', () => import('../pages/destinations/list.tsx')),
  page('/destinations/new', () => import('../pages/destinations/new.tsx')),
  page('/destinations/:id', () => import('../pages/destinations/destination.tsx')),
  page('/encryption', () => import('../pages/encryption/encryption.tsx')),
  page('/notifications', () => import('../pages/notifications/list.tsx')),
  page('/notifications/deliveries', () => import('../pages/notifications/deliveries.tsx')),
  page('/notifications/:channel', () => import('../pages/notifications/channel.tsx')),
  page('/policies', () => import('../pages/policies/list.tsx')),
  page('/policies/:id', () => import('../pages/policies/policy.tsx')),
  page('/policies/:id/runs/:run/restore', () => import('../pages/policies/run-restore.tsx')),
  page('/servers', () => import('../pages/servers/list.tsx')),
  page('/servers/:id', () => import('../pages/servers/server.tsx')),
  page('*', () => import('../pages/not-found.tsx')),
];

export const router = createBrowserRouter([
  page('/sign-in', () => import('../pages/sign-in/sign-in.tsx')),
  { element: <Shell />, errorElement: <PageFailure />, children: pages },
]);
