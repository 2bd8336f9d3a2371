import { count } from '@snp/pages';
import { answer, api } from '../../api/client.js';
import { useChanges } from '../../api/events.js';
import { useResource } from '../../api/resource.js';
import type { Job, JobOf, Model } from '../../api/types.js';
import { Await, Empty } from '../../parts/states.js';
import { href } from '../../route.js';
import { BenchmarkView } from '../results/benchmarkView.js';
import { ParetoPlot } from '../results/paretoPlot.js';
import { pointOfPruning, pointOfSweep, type ResultPoint, withMeasured } from '../results/resultPoint.js';
import { MeasureForm } from './measureForm.js';
import type { ModelTabProps } from './modelTab.js';

interface Found {
  versions: Model[];
  jobs: Job[];
}

/** What came of a model: its versions, how they trade cost for answers, and how fast they are on devices. */
export function ResultsTab({ model }: ModelTabProps) {
  const found = useResource(() => fetchResults(model.id), [model.id]);
  useChanges(({ job }) => job?.ended && found.reload(), found.reload);
  return <Await of={found}>{(own) => <Results model={model} {...own} />}</Await>;
}

async function fetchResults(model: string): Promise<Found> {
  const [versions, jobs] = await Promise.all([
    answer(api.GET('/api/models', { params: { query: { origin: model, limit: 200 } } })),
    answer(
      api.GET('/api/jobs', { params: { query: { model, type: 'prune,sweep,benchmark', state: 'done', limit: 200 } } }),
    ),
  ]);
  return { versions: versions.items, jobs: jobs.items };
}

function Results({ model, versions, jobs }: Found & { model: Model }) {
  const benchmarks = jobs.filter((job): job is JobOf<'benchmark'> => job.type === 'benchmark' && job.result !== null);
  const points = withMeasured(pointsOf(jobs, model.id), benchmarks, model.id);
  if (versions.length === 0 && benchmarks.length === 0)
    return (
      <Empty title="Nothing came of this model yet">
        <p class="quiet">
          <a href={href('models', model.id, 'shrink')}>Choose a budget</a>, and what is made of it stands here to be
          compared.
        </p>
      </Empty>
    );
  return (
    <div class="stack wide">
      {points.length > 0 && <ParetoPlot points={points} />}
      {versions.length > 0 && <Versions {...{ model, versions, points }} />}
      <MeasureForm model={model} versions={versions} />
      {benchmarks.length > 0 && (
        <BenchmarkView results={benchmarks.map(({ id, result }) => ({ job: id, result: result! }))} />
      )}
    </div>
  );
}

function pointsOf(jobs: readonly Job[], model: string): ResultPoint[] {
  return jobs.flatMap((job) => {
    if ('model' in job.input && job.input.model !== model) return [];
    if (job.type === 'sweep') return (job.result?.points ?? []).map(pointOfSweep);
    const point = job.type === 'prune' ? pointOfPruning(job) : undefined;
    return point ? [point] : [];
  });
}

function Versions({
  model,
  versions,
  points,
}: {
  model: Model;
  versions: readonly Model[];
  points: readonly ResultPoint[];
}) {
  const byModel = new Map(points.map((point) => [point.model, point]));
  const share = (value: number | undefined) => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);
  return (
    <section class="stack" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <div class="card">
        <table class="folding">
          <caption>Shares of {model.name}</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                MACs
              </th>
              <th scope="col" class="number">
                Of the original
              </th>
              <th scope="col" class="number">
                Latency
              </th>
              <th scope="col" class="number">
                Same top answer
              </th>
              <th scope="col">Came of</th>
            </tr>
          </thead>
          <tbody>
            {versions.map(({ id, name, cost, origin }) => (
              <tr key={id}>
                <th scope="row" class="wrap">
                  <a href={href('models', id)}>{name}</a>
                </th>
                <td class="number" data-label="MACs">
                  {cost ? count(cost.macs) : '–'}
                </td>
                <td class="number" data-label="MACs of the original">
                  {share(cost && model.cost ? cost.macs / model.cost.macs : undefined)}
                </td>
                <td class="number" data-label="Latency of the original">
                  {share(byModel.get(id)?.latency)}
                </td>
                <td class="number" data-label="Same top answer">
                  {share(byModel.get(id)?.agreement)}
                </td>
                <td>{origin && <a href={href('jobs', origin.job)}>{byModel.get(id)?.name ?? 'its job'}</a>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
