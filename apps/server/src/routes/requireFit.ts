import { criterionByName, SnpError } from '@snp/core';
import type { ModelRow } from '../catalog/models.js';
import type { PruningInput } from '../jobs/kinds/prune.js';
import { workModel } from '../jobs/workModel.js';
import type { Services } from '../services.js';

/**
 * Refuses a pruning whose criterion does not exist, or whose preset or groups are not this model's, before a job is made of it. What only
 * data or plug-ins can tell, the job finds out.
 *
 * @throws SnpError `invalid-argument`
 */
export async function requireFit(
  { predictor }: Services,
  { criterion, target, plugins = [], round }: PruningInput,
  model: ModelRow,
  token: string,
): Promise<void> {
  if (criterion !== undefined) criterionByName(criterion);
  if (plugins.length > 0 || !('preset' in target || 'ratios' in target)) return;
  await predictor.predict(workModel(model), undefined, { target, round }, token).catch((error) => {
    // A predictor that is busy or at its limits says nothing about the request.
    if (error instanceof SnpError && error.code === 'invalid-argument') throw error;
  });
}
