import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { TradeOff } from '../api/types.js';
import { dark } from '../theme.js';

interface TradeOffPlotProps {
  points: TradeOff['points'];
  of: 'macs' | 'params';
  /** What is chosen now: share that stays, and what it is expected to do. */
  now: { share: number; divergence: number } | undefined;
}

const NAMES = { macs: 'MACs', params: 'parameters' } as const;
const HEIGHT = 250;

/** Expected divergence over the share of the cost that stays, with the choice of the moment on it. */
export function TradeOffPlot({ points, of, now }: TradeOffPlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const isDark = dark.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = new uPlot(options(element, of), [[], [], []] as never, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [isDark, of]);

  useEffect(() => {
    const rows = points.map((point) => [point[of], point.divergence, null] as [number, number, number | null]);
    if (now) rows.push([now.share, now.divergence, now.divergence]);
    rows.sort((a, b) => a[0] - b[0]);
    const column = <N extends 0 | 1 | 2>(at: N) => rows.map((row) => row[at]);
    plot.current?.setData([column(0) as number[], column(1) as number[], column(2)]);
  }, [points, now?.share, now?.divergence, of, isDark]);

  return (
    <figure>
      <figcaption>
        <b>Predicted trade-off</b> <span>expected divergence of the answers (nats) over the {NAMES[of]} that stay</span>
      </figcaption>
      <div class="curve" ref={host} role="img" aria-label={inWords(points, of, now)} />
    </figure>
  );
}

function inWords(points: TradeOff['points'], of: 'macs' | 'params', now: TradeOffPlotProps['now']): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const some = [0.8, 0.6, 0.4].flatMap((share) => {
    const near = points.find((point) => point[of] <= share);
    return near ? [`${near.divergence.toPrecision(2)} at ${percent(near[of])}`] : [];
  });
  const chosen = now ? ` Chosen: ${now.divergence.toPrecision(2)} at ${percent(now.share)}.` : '';
  return `Expected divergence by share of the ${NAMES[of]}: ${some.join(', ')}.${chosen}`;
}

function options(element: HTMLElement, of: 'macs' | 'params'): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => resolved(element, style.getPropertyValue(name));
  const [ink, line, accent, marker] = ['--quiet', '--line', '--after', '--removed'].map(colour);
  const axis = {
    stroke: ink,
    font: '11px system-ui, sans-serif',
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, size: 4 },
  };
  return {
    width: Math.max(200, element.clientWidth),
    height: HEIGHT,
    scales: { x: { time: false }, y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.06 : 1] } },
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    axes: [
      { ...axis, size: 30, values: (_, ticks) => ticks.map((tick) => `${Math.round(100 * tick)} %`) },
      { ...axis, size: 58, values: (_, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(3)))) },
    ],
    series: [
      { label: NAMES[of] },
      { label: 'divergence', stroke: accent, width: 2, points: { show: false } },
      { label: 'chosen', stroke: ink, paths: () => null, points: { show: true, size: 12, fill: marker, stroke: ink } },
    ],
  };
}

/** A colour of the style sheet as a canvas understands it: `light-dark()` is resolved. */
function resolved(element: HTMLElement, colour: string): string {
  element.style.color = colour;
  const value = getComputedStyle(element).color;
  element.style.color = '';
  return value;
}
