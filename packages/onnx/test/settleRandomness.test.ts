import { expect, it } from 'vitest';
import { type Model, settleRandomness, Tensor } from '../src/index.js';
import { bytesOf, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel, floats } from './support/graphs.js';
import { plainSession } from './support/runtime.js';

/** Whether a second run gives the answers of the first. */
async function repeats(model: Model): Promise<boolean> {
  const session = await plainSession(model);
  const feeds = randomFeeds(model, { n: 2 });
  const [first, second] = [await session.run(feeds), await session.run(feeds)];
  await session.release();
  return Object.keys(first).every((name) => bytesOf(first[name]).equals(bytesOf(second[name])));
}

it.each(['Dropout', 'RandomUniformLike', 'RandomNormalLike', 'Bernoulli'])(
  '%s gives the same answers every time',
  async (op) => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['n', 64]);
    const constant = (tensor: Tensor) => model.graph.addInitializer('c', tensor);
    const training = [constant(floats([], [0.5])), constant(Tensor.of('BOOL', [], Uint8Array.of(1)))];
    const probabilities = apply(model, 'Sigmoid', [x]);
    const y = apply(model, 'Add', [x, apply(model, op, [probabilities, ...(op === 'Dropout' ? training : [])])]);
    y.type = { elementType: 'FLOAT', shape: ['n', 64] };
    model.graph.outputs.push(y);
    expect(await repeats(model)).toBe(false);
    expect(settleRandomness(model)).toHaveLength(1);
    expect(await repeats(model)).toBe(true);
  },
);

it('says of a Dropout that drops nothing that it does not draw', () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const off = model.graph.addInitializer('off', Tensor.of('BOOL', [], Uint8Array.of(0)));
  apply(model, 'Dropout', [x]);
  apply(model, 'Dropout', [x, model.graph.addInitializer('ratio', floats([], [0.5])), off]);
  expect(settleRandomness(model)).toEqual([]);
});

it('Multinomial gives the likeliest class every time', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 7]);
  const drawn = apply(model, 'Multinomial', [x], { sample_size: 40, dtype: 7 });
  const best = apply(model, 'ArgMax', [x], { axis: 1, keepdims: 1 });
  const same = apply(model, 'Cast', [apply(model, 'Equal', [drawn, best])], { to: 1 });
  same.type = { elementType: 'FLOAT', shape: ['n', 40] };
  model.graph.outputs.push(same);
  const answers = async () => {
    const session = await plainSession(model);
    const answers = await session.run(randomFeeds(model, { n: 3 }));
    await session.release();
    return Object.values(answers).flatMap(({ data }) => [...(data as Float32Array)]);
  };
  expect(await answers()).toContain(0);
  expect(settleRandomness(model)).toHaveLength(1);
  expect(await answers()).toEqual(Array.from({ length: 120 }, () => 1));
});
