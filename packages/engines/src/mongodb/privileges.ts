import type { Connection } from '@holdfast/shared/domain';
import { wholeServer } from './names.ts';
import { authSource, type Session } from './session.ts';

/** What a user may do with what. */
interface Privilege {
  resource: { db?: string; collection?: string; anyResource?: boolean; cluster?: boolean };
  actions: readonly string[];
}

interface Need {
  role: string;
  /** The database that the role is for. */
  on: string;
  what: string;
  actions: readonly string[];
  /** Whether a privilege is for what is meant. */
  covers: (resource: Privilege['resource']) => boolean;
}

const inDatabase =
  (database: string): Need['covers'] =>
  (resource) =>
    resource.collection === '' && (resource.db === '' || resource.db === database);

const readActions = ['find', 'listCollections', 'listIndexes', 'collStats', 'dbStats'] as const;
const writeActions = [
  'insert',
  'remove',
  'createCollection',
  'dropCollection',
  'createIndex',
  'renameCollectionSameDB',
];

/** What a dump reads. */
export const dumpNeeds = (database: string): Need[] =>
  database === wholeServer
    ? [
        {
          role: 'backup',
          on: 'admin',
          what: 'every database',
          actions: ['find', 'listCollections'],
          covers: inDatabase(''),
        },
        {
          role: 'backup',
          on: 'admin',
          what: 'the server',
          actions: ['listDatabases'],
          covers: ({ cluster }) => cluster === true,
        },
      ]
    : [
        {
          role: 'read',
          on: database,
          what: `database "${database}"`,
          actions: readActions,
          covers: inDatabase(database),
        },
      ];

/** What a restore into a database does. */
export const restoreNeeds = (database: string): Need[] => [
  {
    role: 'readWrite',
    on: database,
    what: `database "${database}"`,
    actions: [...readActions, ...writeActions],
    covers: inDatabase(database),
  },
];

/** Sentences that name what the user lacks and the command that gives it; none where the server does not tell, or knows no users. */
export async function missingPrivileges(
  { client }: Session,
  connection: Connection,
  needs: readonly Need[],
): Promise<string[]> {
  const status = await client.db('admin').command({ connectionStatus: 1, showPrivileges: true });
  const { authenticatedUsers: users = [], authenticatedUserPrivileges: privileges } = status['authInfo'] as {
    authenticatedUsers?: unknown[];
    authenticatedUserPrivileges?: Privilege[];
  };
  // A server without access control knows no users, and everybody may do everything.
  if (users.length === 0 || privileges === undefined) return [];
  return needs.flatMap(({ role, on, what, actions, covers }) => {
    const allowed = new Set(
      privileges
        .filter(({ resource }) => resource.anyResource === true || covers(resource))
        .flatMap((privilege) => privilege.actions),
    );
    const lacking = actions.filter((action) => !allowed.has(action) && !allowed.has('anyAction'));
    if (lacking.length === 0) return [];
    const grant = `db.getSiblingDB(${JSON.stringify(authSource(connection))}).grantRolesToUser(${JSON.stringify(connection.user)}, [{ role: "${role}", db: ${JSON.stringify(on)} }])`;
    return [
      `User "${connection.user}" may not ${lacking.join(', ')} in ${what}. An administrator grants it by: ${grant}`,
    ];
  });
}
