import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import {
  applyPlan,
  calibrateModel,
  compareModels,
  compensate,
  emptyPlan,
  laneWidth,
  open,
  solveCompensation,
} from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();

describe('measured sensitivity', () => {
  const calibration = tensors(
    Array.from({ length: 20 }, (_, seed) => smallVitFeeds(seed)),
    { count: 20 },
  );

  it('is how far the answers of a model are from the original in which one group alone was compensated and cut', async () => {
    const model = smallVit({ depth: 2 });
    const statistics = await calibrateModel(model, { calibration, runtime });
    const context = await open(model, { calibration, runtime });
    const { analysis } = context;
    expect(Object.keys(statistics.sensitivity).sort()).toEqual(analysis.groups.map(({ id }) => id).sort());
    // The stream's is measured with zeros in place of channels that leave, which norms count: more than a cut does.
    const groups = analysis.groups.filter(({ kind }) => kind !== 'residual');
    expect(groups.length).toBe(6);
    for (const { id, units, lanes, kind } of groups) {
      const [widest, , narrowest] = statistics.sensitivity[id];
      for (const { width, divergence } of [widest, narrowest]) {
        const compensations = await solveCompensation(context, statistics);
        const compensation = compensations.neurons.get(id)!;
        expect(width).toBeLessThan(laneWidth(compensation.group));
        const plan = emptyPlan(analysis);
        plan.groups[id] = { units, lanes, keep: compensation.select(width) };
        const compensated = await compensate(context, plan, compensations);
        const cut = applyPlan(analysis, plan, compensated.model);
        const independent = await compareModels(model, cut, { data: calibration, runtime });
        expect(independent.divergence, `${kind} at ${width}`).toBeGreaterThan(1e-7);
        expect(Math.abs(divergence / independent.divergence - 1), `${kind} at ${width}`).toBeLessThan(0.01);
      }
    }
  });
});
