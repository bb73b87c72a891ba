import { CodeBlock } from '../../../kit/index.ts';
import type { Connection } from './connection.ts';
import { kindOf } from './kinds.ts';

/** What the administrator of the server runs to make a user that can back up. */
export function Privileges({ connection }: { connection: Connection }): React.JSX.Element | null {
  const { type, user, database } = connection;
  const statements = type === null ? null : kindOf(type)?.privileges?.(user || 'backup', database || 'shop');
  if (!statements) return null;
  return (
    <div>
      <p>A user that can back up and nothing more, made by the administrator of the server:</p>
      <CodeBlock label="Statements" text={statements} />
    </div>
  );
}
