import { compareModels } from '../evaluate/compareModels.js';
import type { Fidelity } from '../evaluate/fidelity.js';
import { newForms, takesData } from '../report/newForms.js';
import type { Planned } from './execute.js';
import type { Proven } from './proven.js';

/** How alike original and pruned model answer samples that no stage saw; undefined where there are none, or the pruned model does not take them. */
export async function comparedOnHeld({ context, model, after }: Proven<Planned>): Promise<Fidelity | undefined> {
  const { analysis, held, clock, runtime, batchSize, answers, signal } = context;
  if (!held || !(await takesData(held, newForms(analysis, after), signal))) return undefined;
  return clock.time('compare', (onProgress) =>
    compareModels(analysis.model, model, { runtime, data: held, answers, batchSize, signal, onProgress }),
  );
}
