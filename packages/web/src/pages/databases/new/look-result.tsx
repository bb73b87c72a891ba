import type { Look } from '../../../data/new-database.ts';
import { Callout, formatBytes, Stack } from '../../../kit/index.ts';
import { errorsOfLook, type Connection } from './connection.ts';
import { Privileges } from './privileges.tsx';

/** What a look at the database found. */
export function LookResult({ look, connection }: { look: Look; connection: Connection }): React.JSX.Element {
  return (
    <Stack>
      {look.error && (
        <Callout tone="bad" title="Holdfast cannot back it up so" announce>
          {Object.keys(errorsOfLook(look)).length > 0 ? 'See the field that is marked.' : look.error.message}
        </Callout>
      )}
      {look.missing_privileges.length > 0 && (
        <Callout tone="bad" title="The user may not read everything" announce>
          <Sentences of={look.missing_privileges} />
        </Callout>
      )}
      {look.ok && (
        <Callout tone="good" title="The connection works" announce>
          {found(look)}
        </Callout>
      )}
      {look.warnings.length > 0 && (
        <Callout tone="warn" title="What a backup would not hold, or not as of one moment">
          <Sentences of={look.warnings} />
        </Callout>
      )}
      {look.missing_privileges.length > 0 && <Privileges connection={connection} />}
    </Stack>
  );
}

function Sentences({ of: sentences }: { of: readonly string[] }): React.JSX.Element {
  return (
    <ul>
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

function found({ server_version: version, size_bytes: size, tables, tool }: Look): string {
  const parts = [
    version !== null && `Version ${version}`,
    size !== null && formatBytes(size),
    tables !== null && `${tables} ${tables === 1 ? 'table' : 'tables'}`,
    tool && `dumped by ${tool.name} ${tool.version}`,
  ];
  return `${parts.filter((part) => typeof part === 'string').join(', ')}.`;
}
