import type { Group } from '@snp/graph';
import { cloneModel, type Model, Tensor } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { unitGradients } from '../../src/sensitivity/unitGradients.js';
import { compareModels, criterionByName, open, prune } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();
const SAMPLES = 24;
const calibration = tensors(
  Array.from({ length: SAMPLES }, (_, seed) => smallVitFeeds(seed)),
  { count: SAMPLES },
);
const model = smallVit({ depth: 2 });

/** A model in which a unit is a little smaller than it was: both halves of a pair, and other neurons where they are read. */
function masked(whole: Model, group: Group, unit: number, scale: number): Model {
  const copy = cloneModel(whole);
  const role = group.kind === 'query-key' ? 'output' : 'input';
  for (const { initializer, axis, unitOf } of group.members.filter((own) => own.role === role)) {
    const value = copy.graph.value(initializer.name);
    const { dims, dataType } = value.tensor!;
    const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    const owner = (at: number) => unitOf[Math.floor(at / inner) % dims[axis]];
    const scaled = value.tensor!.numbers().map((number, at) => (owner(at) === unit ? number * scale : number));
    value.tensor = Tensor.fromNumbers(dataType, dims, scaled);
  }
  return copy;
}

describe('gradients by units', () => {
  it('tell what masks on units do to the answers, to second order', async () => {
    const context = await open(model, { calibration, runtime, holdBack: false });
    const { analysis } = context;
    const groups = analysis.groups.filter(({ kind }) => kind !== 'residual');
    const found = await unitGradients(context, { groups, data: calibration });
    expect([...found.keys()].sort()).toEqual(groups.map(({ id }) => id).sort());
    const step = 0.1;
    for (const group of groups) {
      const { square, magnitude } = found.get(group.id)!;
      const ratios: number[] = [];
      for (let unit = 0; unit < group.units; unit += 3) {
        const smaller = masked(analysis.model, group, unit, 1 - step);
        const { divergence } = await compareModels(analysis.model, smaller, { data: calibration, runtime });
        ratios.push(Math.log(((square[unit] / 2) * step ** 2) / divergence));
        expect(magnitude[unit]).toBeGreaterThan(0);
        expect(magnitude[unit] ** 2).toBeLessThanOrEqual(square[unit]);
      }
      const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
      // Each is the mean of random directions; masks on both halves of a pair act twice, to second order.
      expect(Math.abs(mean), group.id).toBeLessThan(0.15);
      for (const ratio of ratios) expect(Math.abs(ratio), group.id).toBeLessThan(Math.log(2));
    }
  });

  it.each(['taylor', 'fisher'])('let %s choose neurons that the answers need less than others', async (name) => {
    const options = { ratios: { ffn: 0.5, value: 0.5 }, compensation: 'none', calibration, runtime } as const;
    const lost = async (criterion: string) => {
      const { model: pruned } = await prune(model, { ...options, criterion: criterionByName(criterion, { seed: 1 }) });
      return (await compareModels(model, pruned, { data: calibration, runtime })).divergence;
    };
    expect(await lost(name)).toBeLessThan(0.7 * (await lost('random')));
  });

  it('are refused without data', async () => {
    const options = { ratios: { ffn: 0.5 }, criterion: criterionByName('fisher'), runtime } as const;
    await expect(prune(model, options)).rejects.toMatchObject({ code: 'calibration' });
  });
});
