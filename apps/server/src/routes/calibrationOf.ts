import type { ModelRow } from '../catalog/models.js';
import { Failure } from '../failure.js';
import { contentKey } from '../jobs/contentKey.js';
import type { JobRow } from '../jobs/job.js';
import { type WorkModel, workModel } from '../jobs/workModel.js';
import type { Services } from '../services.js';

/** The calibration that a request names: of this model, by its content, and not lost. */
export async function calibrationOf(
  { jobs }: Services,
  id: string,
  model: ModelRow,
  mustBeDone = false,
): Promise<JobRow> {
  const job = await jobs.get(id);
  if (job.type !== 'calibrate') Failure.notFound('calibration', id);
  if (contentKey((job.work as { model: WorkModel }).model) !== contentKey(workModel(model)))
    throw new Failure('invalid-argument', `The calibration ${id} is of another model than ${model.name}.`);
  if (job.state === 'failed' || job.state === 'cancelled')
    throw new Failure('conflict', `The calibration ${id} is ${job.state}. Calibrate again.`);
  if (mustBeDone && job.state !== 'done') throw new Failure('conflict', `The calibration ${id} is not done yet.`);
  return job;
}
