import type { InspectionWork } from '../../catalog/inspection.js';
import { modelFiles } from './files.js';
import type { Kind } from './kind.js';

/** Far more than any model takes. */
const SECONDS = 300;

export const inspect: Kind = {
  stage: ({ work }) => ({
    task: 'inspect',
    options: {},
    files: modelFiles((work as InspectionWork).model),
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
