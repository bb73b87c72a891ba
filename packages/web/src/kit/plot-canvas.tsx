import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatDay, formatTime } from './format.ts';
import { formatUnit, type PlotProps } from './plot.tsx';

const height = 220;
const colours = ['--accent', '--info-solid', '--warn-solid', '--bad-solid'] as const;

/** A canvas knows no CSS variables, and `light-dark()` resolves only where a colour is used. */
function colourOf(host: HTMLElement, token: string): string {
  host.style.color = `var(${token})`;
  const { color } = getComputedStyle(host);
  host.style.color = '';
  return color;
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const dayLong = 86_400;

/** The day where ticks are days apart, the time of day where they are closer. */
const timeTicks = (_plot: uPlot, ticks: number[]): string[] => {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) =>
    step >= dayLong ? formatDay(new Date(tick * 1000)) : clock.format(new Date(tick * 1000)),
  );
};

function optionsFor(host: HTMLElement, { series, unit }: PlotProps): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colourOf(host, '--ink-soft'),
    grid: { stroke: colourOf(host, '--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(host).fontFamily}`,
  };
  return {
    width: host.clientWidth,
    height,
    cursor: { y: false },
    legend: { live: series.length > 0 },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: [
      { ...axis, space: 80, values: timeTicks },
      { ...axis, size: 76, values: (_plot, ticks) => ticks.map((tick) => formatUnit(tick, unit)) },
    ],
    series: [
      {
        label: 'Time',
        value: (_plot, value: number | null) => (value === null ? '–' : formatTime(new Date(value * 1000))),
      },
      ...series.map(({ label }, index) => ({
        label,
        stroke: colourOf(host, colours[index % colours.length] ?? '--accent'),
        width: 2,
        points: { show: true, size: 5 },
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : formatUnit(value, unit)),
      })),
    ],
  };
}

/** Drawn anew when the data or the theme changes; follows the width. */
export default function PlotCanvas(props: PlotProps): React.JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const data: uPlot.AlignedData = [
      props.times.map((at) => at.getTime() / 1000),
      ...props.series.map(({ values }) => [...values]),
    ];
    let plot = new uPlot(optionsFor(element, props), data, element);
    const redraw = (): void => {
      plot.destroy();
      plot = new uPlot(optionsFor(element, props), data, element);
    };
    const sizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    const themes = new MutationObserver(redraw);
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', redraw);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      system.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [props]);
  return <div ref={host} />;
}
