import { SnpError } from '@snp/onnx';
import { OPERATOR_INSTANCES, random, Sampler } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { operatorsWithGradient } from '../src/index.js';
import { compareWithDifferences, Kink } from './support/differences.js';

// A longer run: SNP_GRADIENT_RUNS=500 SNP_GRADIENT_SEED=7 npx vitest run test/operators.test.ts
const RUNS = Number(process.env.SNP_GRADIENT_RUNS ?? 6);
const SEED = Number(process.env.SNP_GRADIENT_SEED ?? 1);

/** The largest error of one random instance, or why there is none. */
async function errorOf(
  operator: string,
  seed: number,
  type: 'DOUBLE' | 'FLOAT',
): Promise<number | 'not run' | 'kink' | 'refused'> {
  const sampler = new Sampler(seed, operator, type);
  const { model, feeds } = sampler;
  model.graph.outputs.push(...OPERATOR_INSTANCES[operator](sampler));
  model.graph.removeDead();
  const { graph } = model;
  const given = graph.inputs.filter(({ name }) => feeds[name]?.type === type).map(({ name }) => name);
  const weights = graph.initializers.filter(({ tensor }) => tensor!.dataType === type).map(({ name }) => name);
  const step = type === 'DOUBLE' ? 1e-4 : 1e-2;
  try {
    const own = { random: random(seed, 'directions'), by: [...given, ...weights], step };
    const comparisons = await compareWithDifferences(model, feeds, own);
    return Math.max(0, ...comparisons.map(({ error }) => error));
  } catch (error) {
    if (error instanceof Kink) return 'kink';
    if (error instanceof SnpError && error.code === 'runtime' && !/gradient\//.test(error.message)) return 'not run';
    if (error instanceof SnpError && error.code === 'unsupported') return 'refused';
    throw new Error(`${operator}, seed ${seed}, operator set ${sampler.opset}: ${error}\n${sampler.describe()}`);
  }
}

/** Operators that onnxruntime computes in float32, or with constants of float32, whatever the type. */
const SINGLE = new Set(['Shrink', 'com.microsoft.FastGelu']);

/** What they do is rounding: differences of float64 do not see through it. See casts.test.ts. */
const ROUNDING = new Set(['Cast', 'CastLike']);

describe('gradients of operators are what differences say', () => {
  for (const operator of Object.keys(OPERATOR_INSTANCES).filter(
    (each) => operatorsWithGradient().includes(each) && !ROUNDING.has(each),
  )) {
    it(operator, async () => {
      let compared = 0;
      // Operators that the runtime does not compute in float64 are held against coarser differences.
      for (const [type, most] of [
        ['DOUBLE', 1e-5],
        ['FLOAT', 2e-2],
      ] as const) {
        if (type === 'DOUBLE' && SINGLE.has(operator)) continue;
        for (let at = 0; at < 10 * RUNS && compared < RUNS; at++) {
          const seed = SEED * 1_000_003 + at;
          const error = await errorOf(operator, seed, type);
          if (typeof error !== 'number') continue;
          compared++;
          expect(error, `${operator}, seed ${seed}, ${type}`).toBeLessThan(most);
        }
      }
      expect(compared).toBeGreaterThan(RUNS / 2);
    });
  }
});
