import { score } from '@snp/pages';
import { bin, extent } from 'd3-array';

interface HistogramProps {
  id: string;
  scores: readonly number[];
  /** Numbers of the units that left. */
  removed: ReadonlySet<number>;
}

const [WIDTH, HEIGHT, BINS] = [240, 70, 32];

/** How scores are spread, and which of them left. */
export function Histogram({ id, scores, removed }: HistogramProps) {
  const units = scores.map((value, unit) => ({ value, gone: removed.has(unit) }));
  const bins = bin<(typeof units)[number], number>()
    .value(({ value }) => value)
    .thresholds(BINS)(units);
  const most = Math.max(1, ...bins.map(({ length }) => length));
  const [least = 0, largest = 0] = extent(scores);
  const wide = WIDTH / bins.length;
  return (
    <figure>
      <figcaption class="small">
        <b>{id}</b>{' '}
        <span>
          {removed.size} of {scores.length} left
        </span>
      </figcaption>
      <svg
        class="plot"
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 14}`}
        role="img"
        aria-label={`Scores of ${id}: ${score(least)} to ${score(largest)}`}
      >
        {bins.map((own, at) => {
          const gone = own.filter((unit) => unit.gone).length;
          const height = (count: number) => (HEIGHT * count) / most;
          return (
            <g key={own.x0}>
              <rect
                class="kept"
                x={at * wide}
                width={wide - 0.8}
                y={HEIGHT - height(own.length)}
                height={height(own.length - gone)}
              />
              <rect class="gone" x={at * wide} width={wide - 0.8} y={HEIGHT - height(gone)} height={height(gone)} />
            </g>
          );
        })}
        <text x="0" y={HEIGHT + 12}>
          {score(least)}
        </text>
        <text class="end" x={WIDTH} y={HEIGHT + 12}>
          {score(largest)}
        </text>
      </svg>
    </figure>
  );
}
