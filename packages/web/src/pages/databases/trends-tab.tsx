import { ChartLine } from 'lucide-react';
import { useMemo } from 'react';
import { useBackups } from '../../data/backups.ts';
import { Card, EmptyState, Grid, Loaded, Plot, Skeleton } from '../../kit/index.ts';
import { trendsOf, type Trends } from './figures.ts';

/** How size, duration and throughput of the newest good backups change. */
export function TrendsTab({ db }: { db: string }): React.JSX.Element {
  const backups = useBackups(db);
  const trends = useMemo(() => backups.data && trendsOf(backups.data.pages.flat()), [backups.data]);
  return (
    <Loaded query={{ ...backups, data: trends }} loading={<Skeleton lines={8} />}>
      {(of) => <Plots of={of} />}
    </Loaded>
  );
}

function Plots({ of: { times, size, plain, seconds, throughput } }: { of: Trends }): React.JSX.Element {
  if (times.length < 2) {
    return (
      <Card>
        <EmptyState title="Too few backups for a trend" icon={ChartLine}>
          With two good backups and more, their size, duration and throughput are drawn here.
        </EmptyState>
      </Card>
    );
  }
  return (
    <Grid least="28rem">
      <Card title="Size">
        <Plot
          label="Size of backups"
          times={times}
          unit="bytes"
          series={[
            { label: 'Stored', values: size },
            { label: 'Read', values: plain },
          ]}
        />
      </Card>
      <Card title="Duration">
        <Plot label="Duration of backups" times={times} unit="seconds" series={[{ label: 'Took', values: seconds }]} />
      </Card>
      <Card title="Throughput">
        <Plot
          label="Throughput of backups"
          times={times}
          unit="bytes per second"
          series={[{ label: 'Read', values: throughput }]}
        />
      </Card>
    </Grid>
  );
}
