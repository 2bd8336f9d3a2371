import { type Analysis, analyze } from '@snp/graph';
import type { Model } from '@snp/onnx';
import type { Plan } from '../plan/plan.js';
import { reconstructBranches } from '../reconstruct/reconstructBranches.js';
import { matchOutputs } from '../recovery/matchOutputs.js';
import type { RecoveryOutcomes } from '../recovery/recovery.js';
import { newForms } from '../report/newForms.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { attempt } from './attempt.js';
import type { Clock } from './clock.js';
import type { DecideOptions, Decision } from './decide.js';

/** What came of a decision. */
export interface CarriedOut {
  plan: Plan;
  model: Model;
  /** The original with the weights that the model was cut from. */
  recovered: Analysis;
  /** The pruned model. */
  after: Analysis;
  outcomes: RecoveryOutcomes | undefined;
}

/** Rewrites weights as was decided, cuts the model, and refits what is left. May be done again after another decision. */
export async function carryOut(
  analysis: Analysis,
  decision: Decision,
  options: DecideOptions,
  clock: Clock,
): Promise<CarriedOut> {
  const { recovery, calibration: fit, runtime, signal, batchSize, reconstruct = true } = options;
  const { recovery: _, ...cut } = decision.plan;
  const plan: Plan = recovery === 'none' ? cut : { ...cut, recovery };
  signal?.throwIfAborted();
  const outcomes = decision.recovery && (await clock.time('recover', () => decision.recovery!.apply(plan)));
  const recovered = decision.recovery?.analysis ?? analysis;
  const model = await clock.time('apply', async () => applyPlan(recovered, plan));
  const after = analyze(model, { narrowCache: analysis.narrowCache });
  // Calibration data hold the past in its old form.
  const takesData = newForms(analysis, after).length === 0;
  if (recovery === 'full' && fit && !takesData)
    decision.warnings.push(
      'Branches were not refitted, and answers not compared: past keys and values have a new form, which the calibration data do not have.',
    );
  if (recovery === 'full' && fit && takesData) {
    const passes = { calibration: fit, runtime, batchSize, signal };
    if (reconstruct) {
      await attempt('Not all branches were refitted', decision.warnings, () =>
        clock.time('reconstruct', (onProgress) => reconstructBranches(after, analysis, { ...passes, onProgress })),
      );
    }
    const outputs = decision.moments?.outputs;
    if (outputs) {
      await attempt('The means of the outputs were not set right', decision.warnings, () =>
        clock.time('match', (onProgress) => matchOutputs(model, analysis, { ...passes, outputs, onProgress })),
      );
    }
  }
  return { plan, model, recovered, after, outcomes };
}
