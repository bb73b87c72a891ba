import type { TestDatabase, TestPostgres } from '@holdfast/testing/postgres';

/** A database for a Holdfast in a server that its test may stop and start as it likes. */
export async function ownDatabase(server: TestPostgres): Promise<TestDatabase> {
  const name = 'holdfast';
  await server.createDatabase(name);
  const { host, port, user, password } = server;
  return {
    host,
    port,
    user,
    password,
    name,
    url: server.url(name),
    query: (...statements) => server.query(name, ...statements),
    drop: () => server.stop(),
  };
}
