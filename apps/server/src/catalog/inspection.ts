import { contentKey, RELEASE } from '../jobs/contentKey.js';
import { COMPUTE, type NewJob, type Submitter } from '../jobs/jobQueue.js';
import { type WorkModel, workModel } from '../jobs/workModel.js';

/** What an inspection works on. */
export interface InspectionWork {
  model: WorkModel;
}

/** A job that looks into a model. */
export function inspectionOf(model: WorkModel & { id: string; name: string }, { createdBy, token }: Submitter): NewJob {
  const work: InspectionWork = { model: workModel(model) };
  return {
    type: 'inspect',
    key: contentKey(RELEASE, 'inspect', work),
    title: `Look into ${model.name}`,
    input: { model: model.id },
    work,
    queue: COMPUTE,
    model: model.id,
    createdBy,
    token,
    quick: true,
  };
}
