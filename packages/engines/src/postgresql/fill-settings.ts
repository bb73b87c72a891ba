import type { Session } from './session.ts';

/**
 * Settings of the role or server that would get in the way of what reads an archive, which sets only others itself: they let
 * it write nothing, end it while it waits for its input, or read what pg_dump wrote in another sense.
 */
const always = [
  'default_transaction_read_only=off',
  'array_nulls=on',
  'transform_null_equals=off',
  'datestyle=ISO',
  'intervalstyle=postgres',
];

/**
 * What makes a session of libpq one that fills a database. Event triggers of the archive do not fire while the rest of it
 * follows, materialized views among it; only a superuser can make one, so that nobody else meets any.
 */
export async function fillOptions(session: Session): Promise<string> {
  const { major } = session.server;
  const [self] = await session.query<{ super: boolean }>(
    'select rolsuper as super from pg_roles where rolname = session_user',
  );
  const settings = [
    ...always,
    ...(major >= 14 ? ['idle_session_timeout=0'] : []),
    ...(self?.super ? [major >= 17 ? 'event_triggers=off' : 'session_replication_role=replica'] : []),
  ];
  return settings.map((setting) => `-c ${setting}`).join(' ');
}
