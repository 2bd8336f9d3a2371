import { cloneModel, type Model } from '@snp/onnx';
import { ATTENTION_INSTANCES, type Feeds, OPERATOR_INSTANCES, relativeError, runModel, Sampler } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { writeOut } from '../src/standard/index.js';
import { raiseOpset } from '../src/standard/raiseOpset.js';
import { Kink } from './support/differences.js';
import { gradientErrors } from './support/gradientErrors.js';
import { CHANNEL_NORM_INSTANCES } from './support/instances.js';

// A longer run: SNP_GRADIENT_RUNS=500 SNP_GRADIENT_SEED=7 npx vitest run test/standard.test.ts
const RUNS = Number(process.env.SNP_GRADIENT_RUNS ?? 6);
const SEED = Number(process.env.SNP_GRADIENT_SEED ?? 1);

const SAMPLED = [
  'GlobalLpPool',
  'LpPool',
  'com.microsoft.BiasGelu',
  'com.microsoft.EmbedLayerNormalization',
  'com.microsoft.FastGelu',
  'com.microsoft.FusedGemm',
  'com.microsoft.FusedMatMul',
  'com.microsoft.SkipLayerNormalization',
  'com.microsoft.SkipSimplifiedLayerNormalization',
];

type Draw = (seed: number) => { model: Model; feeds: Feeds };

const sampled = (operator: string, draw = OPERATOR_INSTANCES[operator], oldest = 16): [string, Draw] => [
  operator,
  (seed) => {
    const sampler = new Sampler(seed, operator, 'FLOAT', oldest);
    sampler.model.graph.outputs.push(...draw(sampler));
    sampler.model.graph.removeDead();
    return sampler;
  },
];

const DRAWS: [string, Draw][] = [
  ...SAMPLED.map((operator) => sampled(operator)),
  ...CHANNEL_NORM_INSTANCES.map(([operator, draw, oldest]) => sampled(operator, draw, oldest)),
  ...Object.entries(ATTENTION_INSTANCES).map(([name, write]): [string, Draw] => [
    name,
    (seed) => {
      const { builder, feeds } = write(seed);
      return { model: builder.model, feeds };
    },
  ]),
];

function writtenOut(model: Model): Model {
  const written = cloneModel(model);
  raiseOpset(written);
  writeOut(written);
  return written;
}

/** Whether an operator of that name is left. */
function left(model: Model, name: string): boolean {
  return model.graph.nodes.some(({ op, inputs }) => name.split(',')[0] === op && inputs.length > 1);
}

describe.each(DRAWS)('%s, written out', (name, draw) => {
  it('gives what the operator gives', async () => {
    let compared = 0;
    for (let at = 0; at < 10 * RUNS && compared < 2 * RUNS; at++) {
      const seed = SEED * 1_000_003 + at;
      const { model, feeds } = draw(seed);
      const want = await runModel(model, feeds).catch(() => undefined);
      if (!want) continue;
      const written = writtenOut(model);
      expect(left(written, name), `seed ${seed}`).toBe(false);
      const got = await runModel(written, feeds);
      for (const { name: output } of model.graph.outputs) {
        if (want[output].data.length === 0) continue;
        expect(got[output].dims).toEqual(want[output].dims);
        const error = relativeError(got[output].data, want[output].data);
        expect(error, `${output}, seed ${seed}`).toBeLessThan(1e-5);
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(RUNS);
  });

  it('has the gradients that differences say', async () => {
    let compared = 0;
    for (let at = 0; at < 10 * RUNS && compared < RUNS; at++) {
      const seed = SEED * 1_000_003 + at;
      const { model, feeds } = draw(seed);
      const errors = await gradientErrors(model, feeds).catch((error) => {
        // Some windows of poolings are refused: those that may reach beyond the padding, or are placed by sizes that are not known.
        if (error instanceof Kink || /(AveragePool|LpPool)/.test(error.message)) return undefined;
        throw new Error(`seed ${seed}`, { cause: error });
      });
      if (!errors) continue;
      compared++;
      if (errors.length > 0) expect(errors[0].error, `${errors[0].name}, seed ${seed}`).toBeLessThan(1e-5);
    }
    expect(compared).toBeGreaterThan(RUNS / 2);
  });
});
