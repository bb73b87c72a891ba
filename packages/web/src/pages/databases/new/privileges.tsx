import { CodeBlock } from '../../../kit/index.ts';
import type { Connection } from './connection.ts';
import { grantOf, kindOf } from './kinds.ts';

const why = 'So that backups can be proven by a restore into a scratch database (Identical, Restorable):';

/** What the administrator of the server runs to make a user that can back up. */
export function Privileges({ connection }: { connection: Connection }): React.JSX.Element | null {
  const { type, user, database } = connection;
  const statements = type === null ? null : kindOf(type)?.privileges?.(user || 'backup', database || 'shop');
  if (!statements) return null;
  const grant = grantOf(connection);
  const text = grant === null ? statements : `${statements}\n\n-- ${why}\n${grant}`;
  return (
    <div>
      <p>A user that can do what is needed and nothing more, made by the administrator of the server:</p>
      <CodeBlock label="Statements" text={text} />
    </div>
  );
}
