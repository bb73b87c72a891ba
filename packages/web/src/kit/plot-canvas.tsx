import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
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
    axes: [axis, { ...axis, size: 76, values: (_plot, ticks) => ticks.map((tick) => formatUnit(tick, unit)) }],
    series: [
      {},
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
