import { Link } from 'react-router';
import { useDestinations } from '../../data/destinations.ts';
import type { Policy } from '../../data/policies.ts';
import { Card, Code, Inline, KeyValues, RelativeTime, Soft } from '../../kit/index.ts';
import { rulesInWords } from '../plan/keeping.ts';
import { provingInWords } from '../plan/proving.ts';
import { inWords } from '../plan/timing-fields.tsx';

export function PolicySummary({ policy }: { policy: Policy }): React.JSX.Element {
  const { data: destinations = [] } = useDestinations();
  const destination = destinations.find(({ id }) => id === policy.destination_id);
  const { host, port, user, include, exclude, globals, cron, timezone } = policy;
  return (
    <Card>
      <KeyValues
        items={[
          ['Server', <Code key="server">{`${user}@${host}:${port}`}</Code>],
          ['Covers', <Patterns key="include" of={include} />],
          ['Leaves out', exclude.length > 0 ? <Patterns key="exclude" of={exclude} /> : undefined],
          ['Roles and tablespaces', globals ? 'once in each run' : undefined],
          ['When', `${inWords(cron)} (${timezone})`],
          ['Next run', <RelativeTime key="next" at={policy.next_run_at} />],
          [
            'Destination',
            <Link key="destination" to={`/destinations/${policy.destination_id}`}>
              {destination?.label ?? 'Destination'}
            </Link>,
          ],
          ['Keeps', `${rulesInWords(policy.retention)}, of each database`],
          ['Proves', provingInWords(policy.verification)],
        ]}
      />
    </Card>
  );
}

const Patterns = ({ of: patterns }: { of: readonly string[] }): React.JSX.Element => (
  <Inline>
    {patterns.map((pattern) => (
      <Code key={pattern}>{pattern}</Code>
    ))}
    {patterns.length === 0 && <Soft>nothing</Soft>}
  </Inline>
);
