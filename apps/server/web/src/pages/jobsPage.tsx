import { useState } from 'preact/hooks';
import { answer, api } from '../api/client.js';
import { useChanges } from '../api/events.js';
import { useResource } from '../api/resource.js';
import { useAction } from '../parts/action.js';
import { Select } from '../parts/fields.js';
import { JobTable, withJob } from '../parts/jobTable.js';
import { Page } from '../parts/page.js';
import { Await, Empty } from '../parts/states.js';
import { href } from '../route.js';

const TYPES: readonly { value: string; label: string }[] = [
  { value: '', label: 'All work' },
  { value: 'prune', label: 'Prunings' },
  { value: 'calibrate', label: 'Calibrations' },
  { value: 'sweep', label: 'Sweeps' },
  { value: 'benchmark', label: 'Benchmarks' },
  { value: 'inspect', label: 'Analyses' },
];

const STATES: readonly { value: string; label: string }[] = [
  { value: '', label: 'In any state' },
  { value: 'waiting,queued,running', label: 'Not ended' },
  { value: 'done', label: 'Done' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
];

/** All work, as it changes. */
export function JobsPage() {
  const [type, setType] = useState('');
  const [state, setState] = useState('');
  const filter = { ...(type && { type }), ...(state && { state }) };
  const jobs = useResource(() => answer(api.GET('/api/jobs', { params: { query: filter } })), [filter]);
  useChanges(({ job }) => {
    if (!job || !jobs.data || job.parent || (type && job.type !== type)) return;
    if (state && !state.split(',').includes(job.state)) jobs.reload();
    else jobs.set({ ...jobs.data, items: withJob(jobs.data.items, job) });
  }, jobs.reload);
  const more = useAction(async () => {
    const shown = jobs.data!;
    const query = { ...filter, cursor: shown.next! };
    const page = await answer(api.GET('/api/jobs', { params: { query } }));
    jobs.set({ items: [...shown.items, ...page.items], next: page.next });
  });
  return (
    <Page title="Jobs">
      <div class="stack">
        <div class="filters">
          <Select label="Kind of work" value={type} onChange={setType} options={TYPES} />
          <Select label="State" value={state} onChange={setState} options={STATES} />
        </div>
        <Await of={jobs} what="Fetching jobs">
          {({ items, next }) => (
            <>
              {items.length === 0 ? (
                <Empty title={type || state ? 'No job is so' : 'No jobs yet'}>
                  <p class="quiet">
                    Work begins at a model: <a href={href('models')}>choose one</a>, then a budget.
                  </p>
                </Empty>
              ) : (
                <JobTable jobs={items} caption="Jobs, newest first" />
              )}
              {more.note}
              {next && (
                <div>
                  <button type="button" disabled={more.busy} onClick={() => more.run()}>
                    Older jobs
                  </button>
                </div>
              )}
            </>
          )}
        </Await>
      </div>
    </Page>
  );
}
