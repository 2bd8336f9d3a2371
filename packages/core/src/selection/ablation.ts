import type { Calibration } from '@snp/runtime';
import type { Context } from '../context/context.js';
import { firstSamples } from '../data/firstSamples.js';
import { type Answers, divergenceFrom, recordAnswers } from '../evaluate/answers.js';
import { LeavingUnits } from '../plan/leavingUnits.js';
import { emptyPlan } from '../plan/plan.js';
import type { UnitGroup } from '../plugin/unitGroup.js';
import { SENSITIVITY_SAMPLES } from '../sensitivity/measureSensitivity.js';
import { applyPlan } from '../surgery/applyPlan.js';

/** Measures what the model answers without single units. */
export class Ablation {
  #answers: Promise<Answers> | undefined;

  constructor(
    private readonly context: Pick<Context, 'analysis' | 'runtime' | 'batchSize' | 'answers' | 'signal'>,
    private readonly data: Calibration,
  ) {}

  /** Mean divergence of the answers without a unit from the original's (`Fidelity`), on the first calibration samples. */
  async without(group: UnitGroup, unit: number): Promise<number> {
    const { analysis, runtime, batchSize, answers, signal } = this.context;
    const leaving = new LeavingUnits();
    leaving.take(group, [unit]);
    const pruned = applyPlan(analysis, leaving.without(emptyPlan(analysis), analysis));
    const options = { runtime, batchSize, answers, signal, data: firstSamples(this.data, SENSITIVITY_SAMPLES) };
    this.#answers ??= recordAnswers(analysis.model, options);
    return Math.max(0, await divergenceFrom(await this.#answers, pruned, options));
  }
}
