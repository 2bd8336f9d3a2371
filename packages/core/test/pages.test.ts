import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs } from '@snp/testing';
import { parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { calibrateModel, criterionByName, prune, renderReport, renderSweep, sweep } from './support/core.js';

const model = buildVit({
  image: 16,
  patch: 4,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 48 },
  classes: 7,
});
const runtime = onnxRuntime();
const calibration = tensors(
  async function* () {
    for (let seed = 0; seed < 20; seed++)
      yield inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed });
  },
  { count: 20 },
);

/** Fails where a browser would have to guess. */
function check(page: string): void {
  const errors: string[] = [];
  parse(page, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) });
  expect(errors).toEqual([]);
  expect(page).not.toMatch(/<script|src=|href="http|NaN|undefined|Infinity/);
}

describe('the report of a pruning', () => {
  it('is a whole page: with a planned budget, its trade-off and what the held-back samples say', async () => {
    const { report } = await prune(model, {
      budget: { macs: 0.6, params: undefined },
      calibration,
      runtime,
      name: '<b>"vit"',
    });
    expect(report.planning!.tradeOff[0]).toEqual({ macs: 1, params: 1, divergence: 0 });
    const curve = report.planning!.tradeOff.map(({ divergence }) => divergence);
    expect(curve).toEqual([...curve].sort((a, b) => a - b));
    expect(Object.keys(report.planning!.divergence).sort()).toEqual(
      report.groups.flatMap(({ id, removed }) => (removed.length > 0 ? [id] : [])).sort(),
    );
    const page = renderReport(report);
    check(page);
    expect(page).toMatch(/&lt;b&gt;&quot;vit&quot;/);
    expect(report.planning!.checks).toHaveLength(6);
    expect(page.match(/<circle/g)).toHaveLength(curve.length + 6);
    expect(page).toMatch(/2 samples: same answer/);
  });

  it('is a whole page without data too', async () => {
    const { report } = await prune(model, { ratios: { ffn: 0.5 }, criterion: criterionByName('l2'), runtime });
    check(renderReport(report));
  });
});

describe('the page of a sweep', () => {
  it('is whole, with a point for every budget', async () => {
    const statistics = await calibrateModel(model, { calibration, runtime });
    const budgets = [{ macs: 0.8 }, { macs: 0.5 }];
    const points = await sweep(model, { statistics, budgets, data: calibration, runtime });
    expect(points.map(({ budget }) => budget)).toEqual(budgets);
    for (const { fidelity } of points) expect(fidelity!.samples).toBe(20);
    const page = renderSweep('vit', points);
    check(page);
    expect(page.match(/<circle/g)).toHaveLength(4);
  });
});
