import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { Draw } from './conformance/draw.js';
import { DRAWS } from './conformance/draws.js';
import { trial } from './conformance/trial.js';

/** Models of each operator. `SNP_CONFORMANCE_RUNS=2000 npx vitest run test/conformance.test.ts` is a long run. */
const RUNS = Number(process.env.SNP_CONFORMANCE_RUNS ?? 300);
const SEED = Number(process.env.SNP_CONFORMANCE_SEED ?? 1);

describe('shapes, contents, folding and costs of single operators against onnxruntime', () => {
  it.each(DRAWS.map(([op, draw], index) => ({ op, draw, index })))(
    '$op',
    { timeout: 600_000 + 50 * RUNS },
    async ({ draw, index }) => {
      const failures: string[] = [];
      let ran = 0;
      for (let run = 0; run < RUNS; run++) {
        const seed = SEED * 1_000_003 + index * 10_007 + run;
        const r = new Draw(seed);
        const instance = draw(r);
        const verdict = await trial(r, instance, ort.Tensor);
        if (verdict.ran) ran++;
        for (const wrong of verdict.wrong)
          failures.push(
            `${wrong}: ${JSON.stringify(instance, (_, item) => (typeof item === 'bigint' ? Number(item) : item))}`,
          );
      }
      expect(failures.slice(0, 5)).toEqual([]);
      // Draws that the runtime refuses prove nothing.
      expect(ran / RUNS).toBeGreaterThan(0.5);
    },
  );
});
