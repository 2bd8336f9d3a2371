import { answer, api } from '../api/client.js';
import { useChanges } from '../api/events.js';
import { useResource } from '../api/resource.js';
import type { Job } from '../api/types.js';
import { Downloads } from '../parts/downloads.js';
import { JobView } from '../parts/jobProgress.js';
import { JobTable, withJob } from '../parts/jobTable.js';
import { Page } from '../parts/page.js';
import { Loading, ProblemNote } from '../parts/states.js';
import { When } from '../parts/tags.js';
import { useJob } from '../parts/useJob.js';
import { href } from '../route.js';
import { BenchmarkView } from './results/benchmarkView.js';
import { PruneView } from './results/pruneView.js';
import { SweepView } from './results/sweepView.js';

/** One job: how far it is, and what came of it. */
export function JobPage({ id }: { id: string }) {
  const followed = useJob(id);
  const { job, problem } = followed;
  if (problem) return <ProblemNote problem={problem} />;
  if (!job) return <Loading what="Fetching the job" />;
  const done = job.state === 'done';
  return (
    <Page
      title={job.title}
      trail={
        <>
          <a href={href('jobs')}>Jobs</a>
          {job.parent && (
            <>
              {' '}
              / <a href={href('jobs', job.parent)}>what it is a part of</a>
            </>
          )}
        </>
      }
      about={
        <>
          by {job.createdBy}, <When time={job.created} />
        </>
      }
      actions={<Origin job={job} />}
    >
      <div class="stack wide">
        {!done && <JobView followed={followed} />}
        {job.artefacts.length > 0 && (
          <section class="stack" aria-labelledby="files">
            <h2 id="files">Take home</h2>
            <Downloads files={job.artefacts} />
          </section>
        )}
        {done && <Result job={job} />}
        {job.parts && <Parts id={job.id} />}
        {done && (
          <details>
            <summary>
              <span class="heading">How it went</span>
            </summary>
            <JobView followed={followed} />
          </details>
        )}
      </div>
    </Page>
  );
}

function Origin({ job }: { job: Job }) {
  const model = 'model' in job.input ? job.input.model : job.input.models[0];
  return (
    <a class="button" href={href('models', model, job.type === 'benchmark' ? 'results' : 'overview')}>
      To the model
    </a>
  );
}

function Result({ job }: { job: Job }) {
  switch (job.type) {
    case 'prune':
      return job.result && <PruneView job={job} result={job.result} />;
    case 'sweep':
      return job.result && <SweepView points={job.result.points} />;
    case 'sweep-point':
      return job.result && <SweepView points={[job.result]} />;
    case 'benchmark':
      return job.result && <BenchmarkView results={[{ job: job.id, result: job.result }]} />;
    case 'calibrate':
      return job.result && <Calibrated job={job} result={job.result} />;
    default:
      return null;
  }
}

type Calibration = Extract<Job, { type: 'calibrate' }>;

function Calibrated({ job, result }: { job: Calibration; result: NonNullable<Calibration['result']> }) {
  const { samples, groups, skipped } = result;
  return (
    <section class="stack" aria-label="Result">
      <p>
        Statistics of {groups} groups, from {samples} samples.{' '}
        <a href={`${href('models', job.input.model, 'shrink')}?calibration=${job.id}`}>Choose a budget with them</a>.
      </p>
      {skipped.length > 0 && (
        <details class="note warning">
          <summary>{skipped.length} files were skipped</summary>
          <ul>
            {skipped.map(({ name, reason }) => (
              <li key={name} class="wrap">
                {name}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Parts({ id }: { id: string }) {
  const parts = useResource(
    () => answer(api.GET('/api/jobs', { params: { query: { parent: id, limit: 200 } } })),
    [id],
  );
  useChanges(({ job }) => {
    if (!job || !parts.data) return;
    // Another job may have begun a part that this one needs too.
    if (job.parent === id || parts.data.items.some((part) => part.id === job.id))
      parts.set({ ...parts.data, items: withJob(parts.data.items, job) });
  }, parts.reload);
  if (!parts.data?.items.length) return null;
  return (
    <section class="stack" aria-labelledby="parts">
      <h2 id="parts">Parts</h2>
      <JobTable jobs={parts.data.items} caption="Parts of this job" />
    </section>
  );
}
