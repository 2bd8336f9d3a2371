import { answer, api, once } from '../../api/client.js';
import { useChanges } from '../../api/events.js';
import { type Resource, useResource } from '../../api/resource.js';
import type { JobOf, NewPruning } from '../../api/types.js';
import { withJob } from '../../parts/jobTable.js';
import type { DataForm } from './dataFields.js';

export type CalibrationJob = JobOf<'calibrate'>;

/** Calibrations of a model, newest first, as they change. */
export function useCalibrations(model: string): Resource<CalibrationJob[]> {
  const jobs = useResource(async () => {
    const query = { model, type: 'calibrate', limit: 100 };
    const { items } = await answer(api.GET('/api/jobs', { params: { query } }));
    return items.filter((job): job is CalibrationJob => job.type === 'calibrate');
  }, [model]);
  useChanges(({ job }) => {
    if (job?.type === 'calibrate' && job.input.model === model && !job.parent && jobs.data)
      jobs.set(withJob(jobs.data, job) as CalibrationJob[]);
  }, jobs.reload);
  return jobs;
}

/** Gathers statistics of a data set; the very same is not gathered twice. */
export async function startCalibration(
  model: string,
  data: DataForm,
  beyond: Pick<NewPruning, 'plugins'> = {},
): Promise<CalibrationJob> {
  const { dataset, limit, preprocess, shards } = data;
  const body = { model, dataset, limit, ...(preprocess && { preprocess }), shards, effects: true, ...beyond };
  const job = await answer(api.POST('/api/calibrations', { params: { header: once() }, body }));
  return job as CalibrationJob;
}
