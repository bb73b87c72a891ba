import { lazy, Suspense } from 'react';
import { formatBytes, formatDuration, formatTime } from './format.ts';
import './plot.css';
import { ScrollRegion } from './scroll-region.tsx';
import { Skeleton } from './skeleton.tsx';
import { DataTable } from './table.tsx';

export type PlotUnit = 'bytes' | 'seconds' | 'bytes per second' | 'count';

interface PlotSeries {
  label: string;
  /** As many as there are times; null where there is none. */
  values: readonly (number | null)[];
}

export interface PlotProps {
  /** What is shown: `Size of backups`. */
  label: string;
  /** When each value was, in order. */
  times: readonly Date[];
  series: readonly PlotSeries[];
  unit: PlotUnit;
}

export function formatUnit(value: number, unit: PlotUnit): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'seconds':
      return formatDuration(value);
    case 'bytes per second':
      return `${formatBytes(value)}/s`;
    case 'count':
      return value.toLocaleString('en');
  }
}

const Canvas = lazy(() => import('./plot-canvas.tsx'));

/** Values over time: drawn, and as a table for those who cannot see it or want the figures. */
export function Plot(props: PlotProps): React.JSX.Element {
  const { label, times, series, unit } = props;
  const rows = times.map((at, index) => ({ at, index })).toReversed();
  return (
    <figure className="plot" aria-label={label}>
      <div className="plot__canvas" aria-hidden>
        <Suspense fallback={<Skeleton lines={5} />}>
          <Canvas {...props} />
        </Suspense>
      </div>
      <details>
        <summary>{label} as a table</summary>
        <ScrollRegion className="plot__table" label={`${label}, figures`}>
          <DataTable
            label={label}
            rows={rows}
            rowKey={({ index }) => String(index)}
            columns={[
              { key: 'at', header: 'Time', cell: ({ at }) => formatTime(at) },
              ...series.map(({ label: name, values }) => ({
                key: name,
                header: name,
                align: 'end' as const,
                cell: ({ index }: { index: number }) => {
                  const value = values[index];
                  return typeof value === 'number' ? formatUnit(value, unit) : '–';
                },
              })),
            ]}
          />
        </ScrollRegion>
      </details>
    </figure>
  );
}
