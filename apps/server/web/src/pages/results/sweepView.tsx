import { count, saving, score } from '@snp/pages';
import type { SweepPoint } from '../../api/types.js';
import { Empty } from '../../parts/states.js';
import { href } from '../../route.js';
import { ParetoPlot } from './paretoPlot.js';
import { pointOfSweep } from './resultPoint.js';

/** A sweep: what every budget gave. */
export function SweepView({ points }: { points: readonly SweepPoint[] }) {
  if (points.length === 0) return <Empty title="No budget gave a model" />;
  return (
    <section class="stack" aria-labelledby="trade-off">
      <h2 id="trade-off">Trade-off</h2>
      <ParetoPlot points={points.map(pointOfSweep)} />
      <div class="card">
        <table class="folding">
          <caption class="visually-hidden">What every budget gave</caption>
          <thead>
            <tr>
              <th scope="col">Budget</th>
              <th scope="col" class="number">
                MACs
              </th>
              <th scope="col" class="number">
                Parameters
              </th>
              <th scope="col" class="number">
                Latency on the worker
              </th>
              <th scope="col" class="number">
                Same top answer
              </th>
              <th scope="col" class="number">
                Divergence
              </th>
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ budget, cost: { before, after }, latency, fidelity, model }) => (
              <tr key={model}>
                <th scope="row">{budgetText(budget)}</th>
                <td class="number" data-label="MACs">
                  {count(after.macs)} <span class="quiet">{saving(before.macs, after.macs)}</span>
                </td>
                <td class="number" data-label="Parameters">
                  {count(after.params)} <span class="quiet">{saving(before.params, after.params)}</span>
                </td>
                <td class="number" data-label="Latency on the worker">
                  × {latency.ratio.toFixed(2)}
                </td>
                <td class="number" data-label="Same top answer">
                  {fidelity?.agreement !== undefined ? `${(100 * fidelity.agreement).toFixed(1)} %` : '–'}
                </td>
                <td class="number" data-label="Divergence">
                  {fidelity ? score(fidelity.divergence) : '–'}
                </td>
                <td>
                  <a href={href('models', model)}>Model</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function budgetText(budget: SweepPoint['budget']): string {
  return Object.entries(budget)
    .map(
      ([name, limit]) =>
        `${limit <= 1 ? `${Number((100 * limit).toFixed(1))} %` : count(limit)} of ${NAMES[name] ?? name}`,
    )
    .join(', ');
}

const NAMES: Record<string, string> = { macs: 'the MACs', params: 'the parameters', bytes: 'the bytes' };
