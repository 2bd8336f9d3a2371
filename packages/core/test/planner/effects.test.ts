import { Model } from '@snp/onnx';
import { onnxRuntime, type Runtime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { applyPlan, calibrate, compareModels, emptyPlan, laneWidth, prepare, Recovery } from '../../src/index.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();

describe('measured effects', () => {
  const calibration = tensors(
    Array.from({ length: 20 }, (_, seed) => smallVitFeeds(seed)),
    { count: 20 },
  );

  it('are how far the answers of a model are from the original in which one group alone was recovered and cut', async () => {
    const model = smallVit({ depth: 2 });
    const statistics = await calibrate(model, { calibration, runtime });
    const analysis = prepare(model);
    expect(Object.keys(statistics.effects).sort()).toEqual(analysis.groups.map(({ id }) => id).sort());
    // The stream's is measured with zeros in place of channels that leave, which norms count: more than a cut does.
    const groups = analysis.groups.filter(({ kind }) => kind !== 'residual');
    expect(groups.length).toBe(6);
    for (const { id, units, lanes, kind } of groups) {
      const [widest, , narrowest] = statistics.effects[id];
      for (const { width, divergence } of [widest, narrowest]) {
        const recovery = await Recovery.create(analysis, statistics.groups, 'full', { runtime });
        const method = recovery.methods.get(id)!;
        expect(width).toBeLessThan(laneWidth(method.group));
        const plan = emptyPlan(analysis);
        plan.groups[id] = { units, lanes, keep: method.select(width) };
        await recovery.apply(plan);
        const cut = applyPlan(recovery.analysis, plan);
        const independent = await compareModels(model, cut, { data: calibration, runtime });
        expect(independent.divergence, `${kind} at ${width}`).toBeGreaterThan(1e-7);
        expect(Math.abs(divergence / independent.divergence - 1), `${kind} at ${width}`).toBeLessThan(0.01);
      }
    }
  });

  it('are measured on hidden layers without rows of 4,096 bytes', async () => {
    const widths: number[] = [];
    const watched: Runtime = {
      async open(own, options) {
        if (own instanceof Model && own.graph.inputs.some(({ name }) => name.startsWith('frontier')))
          widths.push(...own.graph.initializers.flatMap(({ tensor }) => tensor!.dims.filter((dim) => dim >= 1024)));
        return runtime.open(own, options);
      },
    };
    await calibrate(smallVit({ depth: 2, ffn: 1024 }), { calibration, runtime: watched });
    // The first block's tail has the second one's layer, with two matrices and a bias.
    expect(widths.filter((width) => width === 1040)).toHaveLength(3);
  });
});
