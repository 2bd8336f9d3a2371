import { type Calibration, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { holdBack } from '../support/core.js';

/** Calibration data whose samples are their numbers. */
const numbered = (count: number) =>
  tensors(
    Array.from({ length: count }, (_, at) => ({ x: { type: 'FLOAT' as const, dims: [1], data: Float32Array.of(at) } })),
    { count },
  );

async function numbersOf(data: Calibration): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { feeds } of data.samples()) numbers.push(Number(feeds.x.data[0]));
  return numbers;
}

describe('samples that are held back', () => {
  it('are every eighth, and calibrate nothing', async () => {
    const { fit, held } = holdBack(numbered(20));
    expect(await numbersOf(held!)).toEqual([7, 15]);
    expect(await numbersOf(fit)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19]);
    expect([fit.count, held!.count]).toEqual([18, 2]);
  });

  it('are none where there are few', async () => {
    const { fit, held } = holdBack(numbered(15));
    expect(held).toBeUndefined();
    expect(await numbersOf(fit)).toHaveLength(15);
  });
});
