import { encodeModel } from '@snp/onnx';
import { onnxRuntime, type Tap, tensors } from '@snp/runtime';
import { buildVit, inputs } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  type Criterion,
  criterionByName,
  defineCriterion,
  definePlugin,
  type Model,
  momentsStatistic,
  PLUGIN_CONTRACT,
  type Plugin,
  type PruneOptions,
  prune,
  SnpError,
  type StatisticRequest,
  type UnitGroup,
} from '../support/core.js';

const SIZE = {
  image: 16,
  patch: 4,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 48 },
  classes: 7,
} as const;
const model = buildVit(SIZE);
const runtime = onnxRuntime();
const feeds = (seed: number) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch: 1 });
const calibration = tensors(async function* () {
  for (let seed = 0; seed < 24; seed++) yield feeds(seed);
});

const bytesOf = (made: Model) => Buffer.concat(encodeModel(made)).toString('base64');

/** The error that pruning with these options ends with; fails if it changes the model or does not end with one. */
async function errorOf(options: Partial<PruneOptions>): Promise<SnpError> {
  const before = bytesOf(model);
  const error = await prune(model, {
    ratios: { ffn: 0.5 },
    calibration,
    compensation: 'none',
    runtime,
    ...options,
  }).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(SnpError);
  expect(bytesOf(model)).toEqual(before);
  return error;
}

const never = new Promise<never>(() => {});
const scores = (make: (units: number) => unknown) =>
  ({ name: 'mine', score: ({ units }) => make(units) as Float64Array }) satisfies Criterion;
const asking = (request: Partial<Record<keyof StatisticRequest, unknown>>): Criterion => ({
  ...scores((units) => new Float64Array(units)),
  statistics: { looks: { ...momentsStatistic, ...request } as StatisticRequest },
});
const boom = () => {
  throw new TypeError('boom');
};

describe('a criterion that breaks the contract fails with its name and what it did', () => {
  const CASES: readonly (readonly [string, Criterion, RegExp])[] = [
    ['throws', { name: 'mine', score: boom }, /^Criterion 'mine' failed in score for group 'blocks\.0\.ffn': boom\.$/],
    ['rejects', scores(() => Promise.reject(new Error('no'))), /^Criterion 'mine' failed in score .*: no\.$/],
    [
      'gives too few scores',
      scores((units) => new Float64Array(units - 1)),
      /returned 47 scores in score .* of 48 finite/,
    ],
    ['gives NaN', scores((units) => new Float64Array(units).fill(Number.NaN, 5)), /returned NaN for unit 5 in score/],
    ['gives infinity', scores((units) => new Float64Array(units).fill(-1 / 0, 0, 1)), /returned -Infinity for unit 0/],
    ['gives a plain list', scores((units) => Array(units).fill(1)), /returned a list in score .*Float64Array of 48/],
    ['gives nothing', scores(() => undefined), /returned nothing in score/],
    ['never ends', scores(() => never), /'mine' did not end within 60 ms in score for group 'blocks\.0\.ffn'/],
    [
      'throws in taps',
      asking({ taps: boom }),
      /'mine' failed in statistics\.looks: taps for group 'blocks\.0\.ffn': boom/,
    ],
    ['gives no taps', asking({ taps: () => 'x' }), /returned 'x' in statistics\.looks: taps .*list of taps/],
    ['throws in a tap', asking({ taps: tap(boom) }), /failed in statistics\.looks: tap 'mine' .*: boom/],
    ['builds nothing', asking({ taps: tap(() => undefined) }), /returned nothing in statistics\.looks: tap 'mine'/],
    ['throws in accumulate', asking({ accumulate: boom }), /failed in statistics\.looks: accumulate .*: boom/],
    ['accumulates nothing', asking({ accumulate: () => ({}) }), /returned an object in .*accumulate.* add and finish/],
    ['throws in add', asking({ accumulate: () => ({ add: boom, finish() {} }) }), /failed in .*: add .*: boom/],
    [
      'never ends in add',
      asking({ accumulate: () => ({ add: () => never, finish() {} }) }),
      /did not end .* in .*: add/,
    ],
    ['throws in finish', asking({ accumulate: () => ({ add() {}, finish: boom }) }), /failed in .*: finish .*: boom/],
    [
      'finishes later',
      asking({ accumulate: () => ({ add() {}, finish: async () => 1 }) }),
      /returned a promise in .*: finish .*at once/,
    ],
    [
      'adds nodes that no runtime takes',
      asking({
        taps: tap(
          (copy) =>
            copy.graph.addNode({ op: 'NoSuchOperator', inputs: [copy.graph.inputs[0]], outputs: ['no'] }).outputs[0]!,
        ),
      }),
      /taps that criterion 'mine' adds .* \(looks\)/,
    ],
  ];

  function tap(build: (copy: Parameters<Tap['build']>[0]) => unknown) {
    return (): Tap[] => [{ name: 'mine', build: build as Tap['build'] }];
  }

  it.each(CASES)('%s', async (_, criterion, message) => {
    const error = await errorOf({ criterion, pluginTimeout: 60 });
    expect(error.message).toMatch(message);
    expect(error.code).toBe('plugin');
  });

  it('keeps what was thrown', async () => {
    expect((await errorOf({ criterion: { name: 'mine', score: boom } })).cause).toBeInstanceOf(TypeError);
  });

  it('is given up when the caller stops', async () => {
    const stop = new AbortController();
    const criterion = scores(() => {
      stop.abort('enough');
      return never;
    });
    const error = await errorOf({ criterion, signal: stop.signal });
    expect(error.code).toBe('aborted');
    expect(error.cause).toBe('enough');
  });

  it('does not wait for ever by mistake', async () => {
    const error = await errorOf({ pluginTimeout: 2 ** 40 });
    expect(error).toMatchObject({ code: 'invalid-argument', message: expect.stringMatching(/at most 2147483647/) });
  });
});

describe('a criterion that is none is refused before anything is read', () => {
  const fine: Criterion = { name: 'mine', score: ({ units }) => new Float64Array(units) };
  const CASES: readonly (readonly [string, unknown, RegExp])[] = [
    ['a name', 'l2', /^A criterion is an object, and this is 'l2'\. The right form: \{ name: 'mine', score\(/],
    ['its factory', criterionByName, /a function, which may have to be called/],
    ['without a name', { score: fine.score }, /^A criterion has no 'name', which must be a text/],
    ['without a score', { name: 'mine' }, /^Criterion 'mine' has no 'score', which must be a function/],
    [
      'with a misspelt field',
      { ...fine, statistic: {} },
      /unknown field 'statistic'; a criterion has name, contract, statistics, gradients, score/,
    ],
    [
      'with statistics that are none',
      { ...fine, statistics: { a: {} } },
      /'statistics' = an object; .*taps\(group\), accumulate/,
    ],
    ['of another contract', { ...fine, contract: PLUGIN_CONTRACT + 1 }, /'contract' = 2; it must be 1, the version/],
  ];

  it.each(CASES)('%s', async (_, criterion, message) => {
    await expect(prune('missing.onnx', { ratios: { ffn: 0.5 }, criterion: criterion as Criterion })).rejects.toThrow(
      message,
    );
    expect(() => defineCriterion(criterion as typeof fine)).toThrow(message);
  });

  it('may be an instance of a class with fields of its own', async () => {
    class Last implements Criterion {
      readonly name = 'last';
      constructor(readonly sign: number) {}
      score({ units }: { units: number }) {
        return Float64Array.from({ length: units }, (_, unit) => this.sign * unit);
      }
    }
    const { plan } = await prune(model, { ratios: { ffn: 0.75 }, criterion: new Last(1), runtime });
    expect(plan.groups['blocks.0.ffn'].keep).toEqual([36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47]);
  });
});

describe('a right criterion', () => {
  it('gets what it asked for under its own names, and recovery what recovery asked for', async () => {
    const called = (name: string) =>
      defineCriterion({
        name: 'mine',
        contract: PLUGIN_CONTRACT,
        statistics: { [name]: momentsStatistic },
        score: (_group, statistics) => statistics[name]!.variance[0],
      });
    const options = { ratios: { ffn: 0.5, value: 0.25 }, calibration, compensation: 'ridge', runtime } as const;
    const [one, other] = [
      await prune(model, { ...options, criterion: called('moments') }),
      await prune(model, { ...options, criterion: called('secondMoments') }),
    ];
    expect(one.report.groups.filter(({ compensation }) => compensation === 'done')).toHaveLength(4);
    expect(bytesOf(other.model)).toEqual(bytesOf(one.model));
  });

  it('knows the types of its statistics', () => {
    defineCriterion({
      name: 'mine',
      statistics: { moments: momentsStatistic },
      score(group, { moments }) {
        // @ts-expect-error: may be missing where no value holds the units
        moments.variance;
        // @ts-expect-error: no such statistic
        moments?.variances;
        return moments?.mean[0] ?? new Float64Array(group.units);
      },
    });
  });
});

describe('a plug-in that breaks the contract fails with its name and what it did', () => {
  const units = 2;
  const right: UnitGroup = {
    id: 'ffns',
    kind: 'block',
    block: undefined,
    units,
    lanes: 1,
    laneOf: new Int32Array(units),
    members: [],
    sites: [],
    cuts: [
      [{ group: 'blocks.0.ffn-branch', unit: 0 }],
      [
        { group: 'blocks.1.heads', unit: 2 },
        { group: 'blocks.1.ffn', unit: 47 },
      ],
    ],
  };
  const finding = (...groups: unknown[]): Plugin => ({ name: 'mine', find: () => groups as UnitGroup[] });
  const cut = (wrong: unknown) => finding({ ...right, cuts: [right.cuts[0], [wrong]] });
  const CASES: readonly (readonly [string, unknown, RegExp])[] = [
    ['throws', { name: 'mine', find: boom }, /^Plug-in 'mine' failed in find: boom\.$/],
    ['never ends', { name: 'mine', find: () => never }, /^Plug-in 'mine' did not end within 60 ms in find/],
    ['finds nothing at all', { name: 'mine', find: () => undefined }, /returned nothing in find.*list of groups/],
    [
      'of an unknown kind',
      finding({ ...right, kind: 'layer' }),
      /'ffns' of the unknown kind 'layer' \(kinds are head, block\)/,
    ],
    ['of a kind of neurons', finding({ ...right, kind: 'ffn' }), /unknown kind 'ffn'/],
    ['an id of the model', finding({ ...right, id: 'blocks.0.ffn' }), /'blocks\.0\.ffn'.*taken by the model/],
    ['an id twice', finding(right, right), /'ffns'.*taken by plug-in 'mine'/],
    ['too few cuts', finding({ ...right, cuts: right.cuts.slice(1) }), /cuts are not 2 lists/],
    ['a unit without a cut', finding({ ...right, cuts: [[], right.cuts[1]] }), /nothing to cut for unit 0/],
    [
      'a branch that is not there',
      cut({ group: 'blocks.7.ffn-branch', unit: 0 }),
      /unit 1: the model has no group 'blocks\.7\.ffn-branch' \(it has /,
    ],
    [
      'a head that is not there',
      cut({ group: 'blocks.0.heads', unit: 3 }),
      /'blocks\.0\.heads' has no unit 3: it has 3/,
    ],
    ['a unit that is not there', cut({ group: 'blocks.0.ffn', unit: 48 }), /'blocks\.0\.ffn' has no unit 48/],
    ['a cut of nothing', cut({ layer: 3 }), /\{"layer":3\} is no cut/],
    [
      'a ratio of neurons',
      { ...finding(right), ratios: { ffn: 0.5 } },
      /ratio for 'ffn'.*head, block; its groups are ffns/,
    ],
    ['all of them', { ...finding(right), ratios: { block: 1 } }, /'ratios' = an object; .*from 0 to below 1/],
    ['without find', { name: 'mine' }, /^Plug-in 'mine' has no 'find'/],
    ['a misspelt field', { ...finding(right), ratio: {} }, /unknown field 'ratio'/],
    ['of another contract', { ...finding(right), contract: 0 }, /'contract' = 0; it must be 1/],
    ['a criterion that is none', { ...finding(right), criterion: { name: 'c' } }, /Criterion 'c' has no 'score'/],
  ];

  it.each(CASES)('%s', async (_, plugin, message) => {
    const error = await errorOf({ plugins: [plugin as Plugin], pluginTimeout: 60 });
    expect(error.message).toMatch(message);
    expect(error.code).toBe('plugin');
  });

  it('is told from another of the same name', async () => {
    expect((await errorOf({ plugins: [finding(), finding()] })).message).toMatch(/Two plug-ins are called 'mine'/);
  });

  it('may find nothing, and then changes nothing', async () => {
    const options = { ratios: { ffn: 0.5 }, criterion: criterionByName('l2'), runtime };
    const plugin = definePlugin({ name: 'none', contract: PLUGIN_CONTRACT, find: async () => [] });
    const [without, beside] = [await prune(model, options), await prune(model, { ...options, plugins: [plugin] })];
    expect(bytesOf(beside.model)).toEqual(bytesOf(without.model));
  });
});
