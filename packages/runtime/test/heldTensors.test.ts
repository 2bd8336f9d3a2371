import { GraphBuilder } from '@snp/testing';
import { expect, it } from 'vitest';
import { onnxRuntime } from '../src/index.js';

const numbers = (...data: number[]) => ({ type: 'FLOAT' as const, dims: [data.length], data: Float32Array.from(data) });

/** sum = total + x; `size` of the sum as the file states it. */
function adder(size: number | string) {
  const builder = new GraphBuilder('adder');
  const [total, x] = [builder.input('total', 'FLOAT', [size]), builder.input('x', 'FLOAT', [size])];
  builder.output(builder.op('', 'Add', [total, x]), 'sum', 'FLOAT', [size]);
  builder.output(builder.op('', 'Neg', [total]), 'negative', 'FLOAT', [size]);
  return builder.model;
}

it.each([2, 'n'])('what one run gives is what the next takes, for %s numbers', async (size) => {
  const session = await onnxRuntime().open(adder(size));
  await session.hold({ state: numbers(1, 2) });
  for (let run = 1; run <= 5; run++) {
    const given = await session.run(
      { x: numbers(run, 10 * run) },
      { held: { total: 'state' }, hold: { sum: 'state' } },
    );
    const before = (run * (run - 1)) / 2;
    // It reads the state that was there before, and what is held does not travel.
    expect(given).toEqual({ negative: numbers(-(1 + before), -(2 + 10 * before)) });
  }
  expect(await session.held(['state'])).toEqual({ state: numbers(16, 152) });
  await session.close();
});

it('is shared by the sessions of a runtime, and gone when it is let go', async () => {
  const runtime = onnxRuntime();
  const [one, other] = await Promise.all([runtime.open(adder(2)), runtime.open(adder('n'))]);
  await one.run({ total: numbers(1, 2), x: numbers(3, 4) }, { fetches: [], hold: { sum: 'answer' } });
  const run = () => other.run({ x: numbers(1, 1) }, { held: { total: 'answer' }, fetches: ['sum'] });
  expect(await run()).toEqual({ sum: numbers(5, 7) });
  await other.letGo(['answer']);
  await expect(run()).rejects.toThrow(/nothing is held under 'answer'/);
  await Promise.all([one.close(), other.close()]);
});

it('a state may change its size', async () => {
  const session = await onnxRuntime().open(adder('n'));
  for (const size of [2, 3, 3, 1]) {
    const own = numbers(...Array(size).fill(size));
    await session.hold({ state: own });
    await session.run({ x: own }, { held: { total: 'state' }, hold: { sum: 'state' } });
    expect((await session.held(['state'])).state).toEqual(numbers(...Array(size).fill(2 * size)));
  }
  await session.close();
});
