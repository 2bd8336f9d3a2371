import { describe, expect, it } from 'vitest';
import { normals, random } from '../src/index.js';

const draw = (seed: number, stream: string | undefined, count: number) => {
  const source = random(seed, stream);
  return Array.from({ length: count }, () => source.uniform());
};

/** Pearson's correlation. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  const mean = (items: number[]) => items.reduce((sum, item) => sum + item, 0) / items.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = (p: number[], q: number[], mp: number, mq: number) =>
    mean(p.map((item, i) => (item - mp) * (q[i] - mq)));
  return covariance(x, y, mx, my) / Math.sqrt(covariance(x, x, mx, mx) * covariance(y, y, my, my));
}

describe('random', () => {
  it('repeats itself for the same seed and stream only', () => {
    expect(draw(3, 'a', 8)).toEqual(draw(3, 'a', 8));
    expect(draw(3, 'a', 8)).not.toEqual(draw(4, 'a', 8));
    expect(draw(3, 'a', 8)).not.toEqual(draw(3, 'b', 8));
  });

  it('gives normals of the asked mean and deviation', () => {
    const count = 200_000;
    const sample = normals(random(1), count, 3, 2);
    const mean = sample.reduce((sum, item) => sum + item, 0) / count;
    const moment = (power: number) => sample.reduce((sum, item) => sum + ((item - 2) / 3) ** power, 0) / count;
    // Five standard errors of the mean (3 / sqrt(n)), and of the moments 2, 3 and 4 of a normal (2, 15, 96 / n).
    expect(Math.abs(mean - 2)).toBeLessThan((5 * 3) / Math.sqrt(count));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
  });

  it('draws uniformly, whole numbers too', () => {
    const source = random(5);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[source.integer(6)]++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // 99.99 % quantile of the chi-squared distribution with five degrees of freedom.
    expect(chiSquared).toBeLessThan(25.7);
  });

  it('has unrelated streams and neighbouring seeds', () => {
    const count = 50_000;
    const base = normals(random(0, 'blocks.0.attn.q.weight'), count);
    const others = [
      normals(random(0, 'blocks.0.attn.k.weight'), count),
      normals(random(0, 'blocks.1.attn.q.weight'), count),
      normals(random(1, 'blocks.0.attn.q.weight'), count),
      base.slice(1),
    ];
    for (const other of others) {
      expect(Math.abs(correlation(base.subarray(0, other.length), other))).toBeLessThan(5 / Math.sqrt(count));
    }
  });
});
