import type { Analysis } from '@snp/graph';
import type { Calibration, Runtime } from '@snp/runtime';
import { type Answers, compareAnswers, recordAnswers } from '../evaluate/answers.js';
import { LeavingUnits } from '../plan/leavingUnits.js';
import { emptyPlan } from '../plan/plan.js';
import { EFFECT_SAMPLES } from '../planner/effects.js';
import type { UnitGroup } from '../plugin/unitGroup.js';
import { firstSamples } from '../statistics/firstSamples.js';
import { applyPlan } from '../surgery/applyPlan.js';

/** Measures what the model answers without single units. */
export class Ablation {
  #answers: Promise<Answers> | undefined;

  constructor(
    private readonly analysis: Analysis,
    private readonly options: {
      calibration: Calibration;
      runtime: Runtime;
      batchSize?: number | undefined;
      signal?: AbortSignal | undefined;
    },
  ) {}

  /** Mean Kullback-Leibler divergence of the answers without a unit from the original's, in nats, on the first calibration samples. */
  async without(group: UnitGroup, unit: number): Promise<number> {
    const { analysis } = this;
    const leaving = new LeavingUnits();
    leaving.take(group, [unit]);
    const pruned = applyPlan(analysis, leaving.without(emptyPlan(analysis), analysis));
    const options = { ...this.options, data: firstSamples(this.options.calibration, EFFECT_SAMPLES) };
    this.#answers ??= recordAnswers(analysis.model, options);
    const { divergence } = await compareAnswers(await this.#answers, pruned, options);
    return Math.max(0, divergence);
  }
}
