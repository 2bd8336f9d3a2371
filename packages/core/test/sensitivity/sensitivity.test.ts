import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import {
  applyPlan,
  calibrate,
  compareModels,
  compensate,
  emptyPlan,
  estimateSensitivity,
  laneWidth,
  open,
  solveCompensation,
} from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();

const calibration = tensors(
  Array.from({ length: 20 }, (_, seed) => smallVitFeeds(seed)),
  { count: 20 },
);

async function opened(method: 'runs' | 'gradients') {
  const model = smallVit({ depth: 2 });
  const context = await open(model, { calibration, runtime });
  const compensations = await solveCompensation(context, await calibrate(context));
  return { model, context, compensations, sensitivity: await estimateSensitivity(context, compensations, { method }) };
}

describe('measured sensitivity', () => {
  it('is how far the answers of a model are from the original in which one group alone was compensated and cut', async () => {
    const { model, context, compensations, sensitivity } = await opened('runs');
    const { analysis } = context;
    expect(Object.keys(sensitivity).sort()).toEqual(analysis.groups.map(({ id }) => id).sort());
    // The stream's is measured with zeros in place of channels that leave, which norms count: more than a cut does.
    const groups = analysis.groups.filter(({ kind }) => kind !== 'residual');
    expect(groups.length).toBe(6);
    for (const { id, units, lanes, kind } of groups) {
      const [widest, , narrowest] = sensitivity[id];
      for (const { width, divergence } of [widest, narrowest]) {
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

describe('estimated sensitivity', () => {
  it('is near the measured one for groups of branches, and measured for the stream', async () => {
    const { sensitivity } = await opened('gradients');
    const measured = await opened('runs');
    const ratios: number[] = [];
    for (const [id, points] of Object.entries(measured.sensitivity)) {
      if (id === 'residual') {
        expect(sensitivity[id].some(({ estimated }) => estimated)).toBe(false);
        continue;
      }
      for (const [at, { width, divergence }] of points.entries()) {
        expect(sensitivity[id][at]).toMatchObject({ width, estimated: true });
        ratios.push(sensitivity[id][at].divergence / divergence);
      }
    }
    expect(ratios).toHaveLength(18);
    // Each from 20 samples in two random directions.
    for (const ratio of ratios) expect(Math.abs(Math.log(ratio))).toBeLessThan(Math.log(2.5));
    const mean = ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length;
    expect(Math.abs(mean)).toBeLessThan(Math.log(1.3));
    // Two groups are measured as well, on the first sixteen samples: what both ways say stands side by side.
    const checks = Object.entries(sensitivity).flatMap(([id, points]) =>
      points.flatMap(({ crossCheck }, at) =>
        crossCheck === undefined ? [] : [crossCheck / measured.sensitivity[id][at].divergence],
      ),
    );
    expect(checks).toHaveLength(6);
    for (const check of checks) expect(Math.abs(Math.log(check))).toBeLessThan(Math.log(1.25));
  });
});
