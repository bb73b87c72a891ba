import { PlugZap } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useDestination, useTestDestination, type Destination } from '../../data/destinations.ts';
import { Badge, Button, Card, KeyValues, Loaded, Page, PageHeader, RelativeTime, Tabs } from '../../kit/index.ts';
import { Encryption } from '../encryption/encryption-state.tsx';
import { DestinationSettings } from './destination-settings.tsx';
import { DestinationTest } from './destination-test.tsx';
import { ImportPanel } from './import-panel.tsx';
import { Guards, Place } from './place.tsx';
import { ReconciliationPanel } from './reconciliation-panel.tsx';
import { UsagePanel } from './usage-panel.tsx';

const crumbs = [{ label: 'Destinations', to: '/destinations' }];

export default function DestinationPage(): React.JSX.Element {
  const { id = '' } = useParams();
  const number = Number(id);
  const destination = useDestination(number);
  return (
    <Page>
      <Loaded query={destination} loading={<PageHeader title="Destination" crumbs={crumbs} />}>
        {(found) => <DestinationView key={number} destination={found} />}
      </Loaded>
    </Page>
  );
}

function DestinationView({ destination }: { destination: Destination }): React.JSX.Element {
  const { id, label, type_human: kind } = destination;
  const test = useTestDestination();
  useTestAtOnce(() => test.mutate(id));
  return (
    <>
      <PageHeader
        title={label}
        crumbs={crumbs}
        badge={<Badge>{kind}</Badge>}
        actions={
          <Button icon={PlugZap} tone="primary" busy={test.isPending} onClick={() => test.mutate(id)}>
            Test
          </Button>
        }
      />
      <DestinationTest test={test} />
      <Card>
        <KeyValues
          items={[
            ['Place', <Place key="place" destination={destination} />],
            ['Guards', <Guards key="guards" destination={destination} />],
            ['Encryption', <Encryption key="encryption" />],
            ...capabilitiesOf(destination),
            ['Added', <RelativeTime key="added" at={destination.created_at} />],
          ]}
        />
      </Card>
      <Tabs
        label="Destination"
        tabs={[
          { id: 'usage', label: 'Holds', content: <UsagePanel id={id} /> },
          { id: 'comparison', label: 'Comparison', content: <ReconciliationPanel id={id} /> },
          { id: 'import', label: 'Import', content: <ImportPanel id={id} /> },
          { id: 'settings', label: 'Settings', content: <DestinationSettings destination={destination} /> },
        ]}
      />
    </>
  );
}

/** One that was just added is tested by itself, once. */
function useTestAtOnce(test: () => void): void {
  const [search, setSearch] = useSearchParams();
  const isNew = search.has('try');
  const begun = useRef(false);
  useEffect(() => {
    if (!isNew || begun.current) return;
    begun.current = true;
    test();
    setSearch({}, { replace: true });
  });
}

const told = (what: boolean | null): string => (what === null ? 'not told' : what ? 'yes' : 'no');

function capabilitiesOf(destination: Destination): [string, string][] {
  if (destination.type === 'local') return [];
  const { capabilities } = destination;
  if (!capabilities) return [['The place', 'not known until a test succeeds']];
  return [
    ['Keeps versions', told(capabilities.versioning)],
    ['Can lock objects', told(capabilities.object_lock)],
    ['Keys that write may delete', told(capabilities.writer_may_delete)],
  ];
}
