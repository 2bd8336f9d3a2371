import { cloneModel } from '@snp/onnx';
import { OPERATOR_INSTANCES, runModel, Sampler } from '@snp/testing';
import { expect, it } from 'vitest';
import { raiseOpset } from '../src/standard/raiseOpset.js';

/** Instances of every operator; more by hand: SNP_GRADIENT_RUNS=200 */
const RUNS = Number(process.env.SNP_GRADIENT_RUNS ?? 2);

it('a model of an older operator set gives the same in operator set 16', async () => {
  const compared = new Set<string>();
  for (const operator of Object.keys(OPERATOR_INSTANCES)) {
    for (let seed = 0; seed < 6 * RUNS; seed++) {
      const sampler = new Sampler(seed, operator, 'FLOAT');
      if (sampler.opset >= 16) continue;
      const { model, feeds } = sampler;
      model.graph.outputs.push(...OPERATOR_INSTANCES[operator](sampler));
      model.graph.removeDead();
      const want = await runModel(model, feeds).catch(() => undefined);
      if (!want) continue;
      const raised = cloneModel(model);
      raiseOpset(raised);
      expect(raised.opset).toBe(16);
      expect(await runModel(raised, feeds), `${operator}, seed ${seed}\n${sampler.describe()}`).toEqual(want);
      compared.add(operator);
    }
  }
  expect(compared.size).toBeGreaterThan(80);
});
