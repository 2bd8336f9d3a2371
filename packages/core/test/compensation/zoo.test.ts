import { statSync } from 'node:fs';
import { type Model, SnpError } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, tensors } from '@snp/runtime';
import { inputs, relativeError, runModel, sharedModels } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { criterionByName, prepare, prune } from '../support/core.js';
import { difference } from '../support/equivalence.js';

// Large ones take minutes, and are measured in docs/recovery.md.
const shared = sharedModels().filter(({ path }) => statSync(path).size < 5e6);
if (shared.length === 0) {
  console.warn('skipped: compensation on exported models, because ../shared is missing');
  it.skip('compensation on exported models, because ../shared is missing');
}

describe.skipIf(shared.length === 0).each(shared)('compensation of $file', ({ path, inputs: specs }) => {
  const runtime = onnxRuntime();
  const samples = (count: number) =>
    tensors(
      async function* () {
        for (let seed = 0; seed < count; seed++) yield inputs(specs, { seed });
      },
      { count },
    );
  const quarter = (kinds: readonly string[]) => Object.fromEntries(kinds.map((kind) => [kind, 0.25]));

  it('works or says why not, and leaves a model that equals its masked self', async () => {
    const model = await readModel(path);
    const kinds = kindsOf(model);
    if (kinds.length === 0) return;
    const result = await prune(model, { ratios: quarter(kinds), calibration: samples(8), runtime, verify: false });
    expect(await difference(result.analysis, result.plan, inputs(specs, { seed: 100 }))).toBeLessThan(1e-4);
    for (const { removed, compensation } of result.report.groups)
      if (removed.length > 0) expect(compensation).toMatch(/\w/);
  });

  it('brings the outputs closer, on other inputs too', async () => {
    const model = await readModel(path);
    const kinds = kindsOf(model).filter((kind) => /query-key|value|ffn/.test(kind));
    if (kinds.length === 0) return;
    const criterion = criterionByName('snp');
    // That results equal their masked selves is tested above.
    const options = { ratios: quarter(kinds), calibration: samples(24), runtime, verify: false };
    const full = await prune(model, options);
    const plain = await prune(model, { ...options, criterion, compensation: 'none' });
    const [a, b] = [await errorOf(model, full.model), await errorOf(model, plain.model)];
    expect(a).toBeLessThanOrEqual(b);
  });

  async function errorOf(model: Model, pruned: Model): Promise<number> {
    let sum = 0;
    for (let seed = 100; seed < 104; seed++) {
      const feeds = inputs(specs, { seed });
      const [want, got] = [
        Object.values(await runModel(model, feeds))[0],
        Object.values(await runModel(pruned, feeds))[0],
      ];
      sum += relativeError(got.data as Float32Array, want.data as Float32Array);
    }
    return sum / 4;
  }
});

/** Kinds of groups that can be pruned; none where the model has no attention that is understood. */
function kindsOf(model: Model): string[] {
  try {
    return [...new Set(prepare(model).groups.map(({ kind }) => kind))].filter((kind) => kind !== 'channel');
  } catch (error) {
    if (error instanceof SnpError && error.code === 'not-prunable') return [];
    throw error;
  }
}
