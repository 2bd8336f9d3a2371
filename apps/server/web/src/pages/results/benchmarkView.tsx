import { bytes, milliseconds } from '@snp/pages';
import { scaleLinear } from 'd3-scale';
import type { BenchmarkResult } from '../../api/types.js';
import { href } from '../../route.js';

/** A measurement and the job that made it. */
export interface Measurement {
  job: string;
  result: BenchmarkResult;
}

type Measured = Extract<BenchmarkResult['models'][number], { state: 'measured' }>;

/** Models side by side, on one device or several. */
export function BenchmarkView({ results }: { results: readonly Measurement[] }) {
  return (
    <section class="stack" aria-labelledby="measured">
      <h2 id="measured">Measured on devices</h2>
      {results.map((one) => (
        <OneResult key={one.job} {...one} />
      ))}
    </section>
  );
}

function OneResult({ job, result }: Measurement) {
  const { device, target, protocol, inputs, models, warnings, selfCheck } = result;
  const measured = models.filter((model): model is Measured => model.state === 'measured');
  return (
    <article class="card stack" aria-label={`${target.name} on ${device.cpu}`}>
      <div class="row between">
        <h3>
          {device.board ?? device.cpu}, {target.description}
        </h3>
        <a class="small" href={href('jobs', job)}>
          The job
        </a>
      </div>
      <p class="small quiet">
        {target.runtime} {target.version}, batch {inputs.batch}, protocol {protocol.name}: {protocol.statistic} of{' '}
        {protocol.launches} launches{selfCheck && `; noise alone ${interval(selfCheck)}`}
      </p>
      <table class="folding">
        <caption class="visually-hidden">Milliseconds of each model</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="number">
              Median
            </th>
            <th scope="col" class="number">
              90th percentile
            </th>
            <th scope="col" class="number">
              Faster by
            </th>
            <th scope="col" class="number">
              Memory
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={model.id}>
              <th scope="row" class="wrap">
                <a href={href('models', model.id)}>{model.name}</a>
              </th>
              {model.state === 'measured' ? (
                <>
                  <td class="number" data-label="Median">
                    {milliseconds(model.summary.median)}
                  </td>
                  <td class="number" data-label="90th percentile">
                    {milliseconds(model.summary.p90)}
                  </td>
                  <td class="number" data-label="Faster by">
                    {model.speedUp ? interval(model.speedUp) : 'reference'}
                  </td>
                  <td class="number" data-label="Memory">
                    {model.peakBytes ? bytes(model.peakBytes) : '–'}
                  </td>
                </>
              ) : (
                <td colSpan={4}>{model.error}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <Intervals models={measured} />
      {warnings.length > 0 && (
        <ul class="note warning">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </article>
  );
}

const [WIDTH, ROW, LEFT] = [640, 26, 190];

/** Speed-ups with their intervals, on one scale; the line at 1 is the reference. */
function Intervals({ models }: { models: readonly Measured[] }) {
  const shown = models.flatMap(({ id, name, speedUp }) => (speedUp ? [{ id, name, ...speedUp }] : []));
  if (shown.length === 0) return null;
  const least = Math.min(1, ...shown.map(({ low }) => low));
  // Where a machine was so busy that an interval says nothing, the others must still be seen: it runs out of the picture.
  const most = Math.min(
    Math.max(1, ...shown.map(({ high }) => high)),
    3 * Math.max(1, ...shown.map(({ ratio }) => ratio)),
  );
  const x = scaleLinear([least, Math.max(most, least + 0.1)], [LEFT + 10, WIDTH - 20])
    .nice(6)
    .clamp(true);
  const height = shown.length * ROW;
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${WIDTH} ${height + 22}`}
      role="img"
      aria-label={`Speed-ups: ${shown.map((one) => `${one.name} ${interval(one)}`).join('; ')}`}
    >
      {x.ticks(6).map((tick) => (
        <g key={tick}>
          <line class="axis" x1={x(tick)} x2={x(tick)} y1="0" y2={height} />
          <text class="middle" x={x(tick)} y={height + 15}>
            × {tick}
          </text>
        </g>
      ))}
      <line class="front" x1={x(1)} x2={x(1)} y1="0" y2={height} />
      {shown.map(({ id, name, ratio, low, high }, at) => {
        const y = at * ROW + ROW / 2;
        return (
          <g key={id}>
            <text class="end" x={LEFT} y={y + 4}>
              {name.length > 30 ? `${name.slice(0, 29)}…` : name}
            </text>
            <line class="interval" x1={x(low)} x2={x(high)} y1={y} y2={y} />
            <circle class="point best" cx={x(ratio)} cy={y} r="5" />
          </g>
        );
      })}
    </svg>
  );
}

function interval({ ratio, low, high }: { ratio: number; low: number; high: number }): string {
  return `× ${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
