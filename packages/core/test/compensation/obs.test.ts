import { Tensor } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { random } from '@snp/testing';
import { expect, it } from 'vitest';
import { open, prune } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

it('OBS lets hidden neurons leave that hardly anything reads', async () => {
  const runtime = onnxRuntime();
  const calibration = tensors(() => Array.from({ length: 24 }, (_, seed) => smallVitFeeds(seed)), { count: 24 });
  const model = smallVit({ depth: 2 });
  const draw = random(5);
  const { analysis } = await open(model, { runtime, verify: false });
  const strong = new Map<string, number[]>();
  for (const group of analysis.groups.filter(({ kind }) => kind === 'ffn')) {
    const drawn = Array.from({ length: group.units }, (_, unit) => ({ unit, at: draw.normal() }));
    const order = drawn.sort((a, b) => a.at - b.at).map(({ unit }) => unit);
    const weak = new Set(order.slice(0, group.units / 2));
    strong.set(
      group.id,
      order.filter((unit) => !weak.has(unit)).sort((a, b) => a - b),
    );
    const { initializer, unitOf, axis } = group.members.find(({ role }) => role === 'input')!;
    const { dims, dataType } = initializer.tensor!;
    expect([axis, dims[0]]).toEqual([0, group.units]);
    const numbers = initializer.tensor!.numbers();
    const weakened = numbers.map((number, at) => (weak.has(unitOf[Math.floor(at / dims[1])]) ? number / 100 : number));
    model.graph.value(initializer.name).tensor = Tensor.fromNumbers(dataType, dims, weakened);
  }
  const { plan } = await prune(model, { ratios: { ffn: 0.5 }, calibration, runtime });
  for (const [id, units] of strong) expect(plan.groups[id].keep).toEqual(units);
});
