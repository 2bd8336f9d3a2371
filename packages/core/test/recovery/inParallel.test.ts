import { describe, expect, it } from 'vitest';
import { inParallel } from '../../src/recovery/inParallel.js';

const later = (turns: number) => new Promise((resolve) => setTimeout(resolve, turns));

describe('work side by side', () => {
  it('gives results in order, whoever is done first, never more at a time than allowed', async () => {
    let [running, most] = [0, 0];
    const results = await inParallel([30, 1, 10, 1, 5], 2, async (turns) => {
      most = Math.max(most, ++running);
      await later(turns);
      running--;
      return 2 * turns;
    });
    expect(results).toEqual([60, 2, 20, 2, 10]);
    expect(most).toBe(2);
  });

  it('ends what began before it fails, and begins nothing more', async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    const work = inParallel([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      await later(item === 0 ? 20 : 1);
      if (item === 1) throw new Error('enough');
      ended.push(item);
    });
    await expect(work).rejects.toThrow('enough');
    expect([begun, ended]).toEqual([[0, 1], [0]]);
  });
});
