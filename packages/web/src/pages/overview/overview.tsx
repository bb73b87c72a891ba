import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { useAlerts } from '../../data/alerts.ts';
import { useProtectionOverview, type Protection } from '../../data/protection.ts';
import { Card, LinkButton, Loaded, Page, PageHeader, Soft } from '../../kit/index.ts';
import { AlertList } from '../alerts/alert-list.tsx';
import { SlotCalendar } from './calendar.tsx';
import { FirstSteps } from './first-steps.tsx';
import './overview.css';
import { ProtectionTable } from './protection-table.tsx';
import { sentenceOf } from './sentence.ts';
import { SilentServices } from './silent-services.tsx';
import { Tiles, type State } from './tiles.tsx';

/** As many as are taken in at a glance; the rest is on the page of alerts. */
const shownAlerts = 5;

export default function OverviewPage(): React.JSX.Element {
  const protection = useProtectionOverview();
  return (
    <Page>
      <PageHeader
        title="Overview"
        lead={protection.data && sentenceOf(protection.data.summary)}
        actions={
          <LinkButton to="/databases/new" icon={Plus} tone="primary">
            Add database
          </LinkButton>
        }
      />
      <Loaded query={protection}>{(data) => <Content protection={data} />}</Loaded>
    </Page>
  );
}

function Content({ protection }: { protection: Protection }): React.JSX.Element {
  const { summary, services, databases } = protection;
  const [chosen, setChosen] = useState<State | null>(null);
  const rows = chosen === null ? databases : databases.filter(({ state }) => state === chosen);
  return (
    <>
      <SilentServices services={services} />
      <FirstSteps protection={protection} />
      {databases.length > 0 && (
        <>
          <Tiles summary={summary} chosen={chosen} onChoose={setChosen} />
          <Card title="Databases, the worst first" flush>
            <ProtectionTable rows={rows} />
          </Card>
          <SlotCalendar databases={databases.map(({ database }) => database)} />
        </>
      )}
      <OpenAlerts />
    </>
  );
}

function OpenAlerts(): React.JSX.Element | null {
  const query = useAlerts('open');
  const open = query.data?.length ?? 0;
  if (open === 0) return null;
  return (
    <Card
      title="Open alerts"
      flush
      actions={open > shownAlerts ? <Link to="/alerts">All {open}</Link> : <Soft>{open} open</Soft>}
    >
      <AlertList alerts={query.data?.slice(0, shownAlerts)} />
    </Card>
  );
}
