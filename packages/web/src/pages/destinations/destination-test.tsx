import type { Tested } from '../../data/destinations.ts';
import { Callout, ErrorNotice } from '../../kit/index.ts';

/** What came of a test. */
export function DestinationTest({
  test: { data, error, isPending },
}: {
  test: { data: Tested | undefined; error: unknown; isPending: boolean };
}): React.JSX.Element | null {
  if (isPending) return <Callout title="Testing">Small objects are written, read back and removed.</Callout>;
  if (error) return <ErrorNotice error={error} title="The test could not be made" />;
  if (!data) return null;
  if (data.ok) {
    return (
      <Callout tone="good" title="The destination works" announce>
        Small objects were written, listed, read back and removed.
      </Callout>
    );
  }
  return (
    <Callout tone="bad" title="Backups to this destination would fail" announce>
      <ul>
        {data.problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </Callout>
  );
}
