import type { ModelFiles } from '../../shelf/models.js';
import { contentKey } from '../contentKey.js';
import { COMPUTE, type NewJob, type Submitter } from '../jobQueue.js';
import { modelFiles, RELEASE, type WorkModel, workModel } from './files.js';
import type { Kind } from './kind.js';

interface InspectWork {
  model: WorkModel;
}

/** Far more than any model takes. */
const SECONDS = 300;

/** A job that looks into a model. */
export function inspectJob(model: ModelFiles & { id: string; name: string }, { createdBy, token }: Submitter): NewJob {
  const work: InspectWork = { model: workModel(model) };
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

export const inspect: Kind = {
  stage: ({ work }) => ({
    task: 'inspect',
    options: {},
    files: modelFiles((work as InspectWork).model),
    seconds: SECONDS,
  }),
  done: (job, result) => ({
    result,
    settle: async (sql) => {
      const { cost } = result as { cost: unknown };
      await sql.query(`update snp.models set state = 'ready', problem = null, cost = $2 where analysis_job = $1`, [
        job.id,
        JSON.stringify(cost),
      ]);
    },
  }),
  lost: async (sql, job, error) => {
    await sql.query(`update snp.models set state = 'refused', problem = $2 where analysis_job = $1`, [
      job.id,
      JSON.stringify(error),
    ]);
  },
};
