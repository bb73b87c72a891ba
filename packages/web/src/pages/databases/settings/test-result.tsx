import type { DatabaseTest } from '../../../data/databases.ts';
import { Callout, countOf, formatBytes, Stack } from '../../../kit/index.ts';
import '../databases.css';
import { Failure } from '../failure.tsx';

/** What a test of a registered database found: at its server and at its destination. */
export function TestResult({ test }: { test: DatabaseTest }): React.JSX.Element {
  const { error, missing_privileges: missing, destination } = test;
  return (
    <Stack gap="s">
      {error && <Failure error={error} settled />}
      {missing.length > 0 && (
        <Callout tone="bad" title="The user may not read everything" announce>
          <ul className="bulleted">
            {missing.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Callout>
      )}
      {!destination.ok && (
        <Callout tone="bad" title="The destination does not work" announce>
          {destination.problems.join(' ')}
        </Callout>
      )}
      {test.ok && (
        <Callout tone="good" title="It works" announce>
          {said(test)}
        </Callout>
      )}
    </Stack>
  );
}

function said({ server_version: version, size_bytes: size, tables, tool }: DatabaseTest): string {
  const parts = [
    version === null ? null : `Version ${version}`,
    size === null ? null : formatBytes(size),
    tables === null ? null : countOf(tables, 'table'),
    tool && `dumped by ${tool.name} ${tool.version}`,
  ].filter((part) => part !== null);
  return parts.length > 0 ? `${parts.join(', ')}. The destination works too.` : 'The destination works too.';
}
