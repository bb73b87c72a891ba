import { BellOff } from 'lucide-react';
import { useSearchParams } from 'react-router';
import { useAlerts } from '../../data/alerts.ts';
import { Card, countOf, EmptyState, LinkButton, Loaded, Page, PageHeader, Switch } from '../../kit/index.ts';
import { AlertList } from './alert-list.tsx';

export default function AlertsPage(): React.JSX.Element {
  const [search, setSearch] = useSearchParams();
  const state = search.get('state') === 'all' ? 'all' : 'open';
  const query = useAlerts(state);
  return (
    <Page>
      <PageHeader
        title="Alerts"
        lead="What lasts and has to be known. An alert ends by itself when what it tells of is over; acknowledged ones stay open, and nobody is told of them again."
        actions={<LinkButton to="/notifications">Who is told</LinkButton>}
      />
      <Switch
        label="Also what is over"
        checked={state === 'all'}
        onChange={(all) => setSearch(all ? { state: 'all' } : {}, { replace: true, flushSync: true })}
      />
      <Loaded query={query}>
        {(alerts) => (
          <Card
            title={state === 'open' ? `${countOf(alerts.length, 'alert')} open` : countOf(alerts.length, 'alert')}
            flush
          >
            {alerts.length === 0 ? (
              <EmptyState title={state === 'open' ? 'No open alerts' : 'No alerts yet'} icon={BellOff}>
                What goes wrong appears here by itself, and is sent to the notification channels.
              </EmptyState>
            ) : (
              <AlertList alerts={alerts} />
            )}
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
