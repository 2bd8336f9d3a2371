import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { apply, calibrateModel, open, prune, sweep, verify } from './support/core.js';
import { smallVit, smallVitFeeds } from './support/smallVit.js';

const model = smallVit({ depth: 1 });
const calibration = tensors([smallVitFeeds(1)], { count: 1 });

describe('options that are wrong', () => {
  it.each<[string, object, RegExp]>([
    ['a misspelt option', { budgets: { macs: 0.5 } }, /prune: there is no option 'budgets'. Did you mean 'budget'\?/],
    [
      'a misspelt cost',
      { budget: { mac: 0.5 } },
      /'budget' must be .*macs, params, bytes.*but is an object with 'mac'/,
    ],
    ['a budget of nothing', { budget: {} }, /'budget' must be an object with at least one of macs.*but is empty/],
    ['a path as data', { budget: { macs: 0.5 }, calibration: 'pictures/' }, /'calibration'.*images\(.*'pictures\/'/],
    [
      'a kind of compensation that there is not',
      { ratios: { ffn: 0.5 }, compensation: 'much' },
      /none, mean, ridge, full/,
    ],
    ['the old name of compensation', { ratios: { ffn: 0.5 }, recovery: 'full' }, /no option 'recovery'.*compensation/],
    ['a text for a number', { ratios: { ffn: '0.5' } }, /'ratios' must be numbers by name/],
    ['a round of nothing', { ratios: { ffn: 0.5 }, round: 0 }, /'round' must be a whole number from 1, but is 0/],
    ['a latency on nothing', { latency: { on: 'cpu', share: 0.5 } }, /'latency' must be an object \{ on, share \}/],
  ])('are errors that say what is right: %s', async (_, options, message) => {
    await expect(prune(model, options)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  it('are errors everywhere', async () => {
    const runtime = onnxRuntime();
    const wrong = { verfy: false } as object;
    await expect(open(model, wrong)).rejects.toThrow(/open: there is no option 'verfy'. Did you mean 'verify'\?/);
    await expect(apply(model, {}, wrong)).rejects.toThrow(/apply: there is no option 'verfy'/);
    await expect(calibrateModel(model, { calibration, ...wrong })).rejects.toThrow(/calibrateModel: .*'verfy'/);
    const statistics = await calibrateModel(model, { calibration, runtime, sensitivity: false });
    await expect(sweep(model, { statistics, budgets: [], ...wrong })).rejects.toThrow(/sweep: .*'verfy'/);
    const { analysis, plan, model: pruned } = await prune(model, { ratios: { ffn: 0.5 }, runtime });
    await expect(verify(analysis, pruned, plan, { runtime, ...wrong })).rejects.toThrow(/verify: .*'verfy'/);
  });
});
