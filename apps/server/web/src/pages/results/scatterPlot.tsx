import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { paretoFront } from './paretoFront.js';

/** One result. */
export interface ScatterPoint {
  key: string;
  x: number;
  y: number;
  /** What it is, in words. */
  hint: string;
  href: string;
}

interface ScatterPlotProps {
  title: string;
  points: readonly ScatterPoint[];
  xLabel: string;
  yLabel: string;
}

const [WIDTH, HEIGHT] = [640, 360];
const MARGIN = { left: 70, right: 26, top: 14, bottom: 44 };

/** Results as points that lead to them, with the line of those that no other beats. */
export function ScatterPlot({ title, points, xLabel, yLabel }: ScatterPlotProps) {
  const [left = 0, right = 1] = extent(points, ({ x }) => x);
  const [low = 0, high = 1] = extent(points, ({ y }) => y);
  const x = scaleLinear([Math.min(left, right - 0.05), Math.max(right, 0)], [MARGIN.left, WIDTH - MARGIN.right]).nice(
    6,
  );
  const y = scaleLinear([Math.min(low, high - 0.02), high], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(6);
  const percent = (value: number, step: number) => `${(100 * value).toFixed(step < 0.01 ? 1 : 0)} %`;
  const front = paretoFront(points);
  const best = new Set(front.map(({ key }) => key));
  const [xTicks, yTicks] = [x.ticks(7), y.ticks(6)];
  const step = (ticks: number[]) => (ticks.length > 1 ? ticks[1] - ticks[0] : 1);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture that holds links is a group, and SVG has no element for it
    <svg class="plot" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={`${title}: ${yLabel} over ${xLabel}`}>
      {yTicks.map((tick) => (
        <g key={`y${tick}`}>
          <line class="axis" x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          <text class="end" x={MARGIN.left - 8} y={y(tick) + 4}>
            {percent(tick, step(yTicks))}
          </text>
        </g>
      ))}
      {xTicks.map((tick) => (
        <text key={`x${tick}`} class="middle" x={x(tick)} y={HEIGHT - MARGIN.bottom + 17}>
          {percent(tick, step(xTicks))}
        </text>
      ))}
      <text class="middle" x={(MARGIN.left + WIDTH - MARGIN.right) / 2} y={HEIGHT - 6}>
        {xLabel}
      </text>
      <text class="middle" transform={`translate(11 ${(HEIGHT - MARGIN.bottom) / 2}) rotate(-90)`}>
        {yLabel}
      </text>
      <path class="front" d={front.map((point, at) => `${at ? 'L' : 'M'}${x(point.x)} ${y(point.y)}`).join('')} />
      {points.map((point) => (
        <a key={point.key} href={point.href} aria-label={point.hint}>
          <title>{point.hint}</title>
          <circle class="point" r="12" cx={x(point.x)} cy={y(point.y)} opacity="0" />
          <circle class={best.has(point.key) ? 'point best' : 'point'} r="5.5" cx={x(point.x)} cy={y(point.y)} />
        </a>
      ))}
    </svg>
  );
}
