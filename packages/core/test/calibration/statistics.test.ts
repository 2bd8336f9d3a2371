import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Calibration, onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, runModel } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addStatistics,
  apply,
  type CalibrationStatistics,
  calibrateModel,
  emptyPlan,
  loadStatistics,
  prepare,
  prune,
  saveStatistics,
} from '../support/core.js';
import { branches } from '../support/plugins.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const model = smallVit({ depth: 2 });
const SAMPLES = 12;
const runtime = onnxRuntime();

/** Samples `start`, `start + step`, ... */
function samples(start = 0, step = 1): Calibration {
  return tensors(
    async function* () {
      for (let seed = start; seed < SAMPLES; seed += step) yield smallVitFeeds(seed);
    },
    { count: Math.ceil((SAMPLES - start) / step) },
  );
}

let whole: CalibrationStatistics;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snp-statistics-'));
  whole = await calibrateModel(model, { calibration: samples(), plugins: [branches], runtime });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** All numbers of statistics but effects, by name. */
function* numbersOf({
  groups,
  outputs,
  samples: count,
}: CalibrationStatistics): Generator<[string, ArrayLike<number>]> {
  yield ['samples', [count]];
  for (const [id, { secondMoments, pairMoments, crossMoments }] of groups) {
    if (secondMoments) {
      yield [`${id} count`, [secondMoments.count]];
      yield [`${id} sums`, secondMoments.sums];
      yield [`${id} products`, secondMoments.products];
    }
    for (const [distance, { count: rows, ...sums }] of (crossMoments ?? []).entries()) {
      yield [`${id} cross ${distance} count`, [rows]];
      for (const [name, numbers] of Object.entries(sums)) yield [`${id} cross ${distance} ${name}`, numbers];
    }
    if (pairMoments) {
      yield [`${id} samples`, [pairMoments.count]];
      for (const side of ['queries', 'keys'] as const)
        for (const [head, products] of pairMoments[side].entries()) yield [`${id} ${side} ${head}`, products];
    }
  }
  for (const [name, { rows, sums }] of outputs) {
    yield [`${name} rows`, [rows]];
    yield [`${name} sums`, sums];
  }
}

describe('statistics of calibration data', () => {
  it('hold what one computes from the activations themselves', async () => {
    const analysis = prepare(model);
    const group = analysis.groups.find(({ id }) => id === 'blocks.1.ffn')!;
    const { value } = group.sites.find(({ role }) => role === 'input')!;
    const copy = prepare(model).model;
    const tapped = copy.graph.value(value.name);
    tapped.type = { elementType: 'FLOAT', shape: undefined };
    copy.graph.outputs.push(tapped);
    let [count, sum, product] = [0, 0, 0];
    for (let seed = 0; seed < SAMPLES; seed++) {
      const { data, dims } = (await runModel(copy, smallVitFeeds(seed)))[value.name];
      for (let row = 0; row < dims[1]; row++) {
        const [a, b] = [3, 40].map((unit) => (data as Float32Array)[row * 48 + unit]);
        count++;
        sum += b;
        product += a * b;
      }
    }
    const moments = whole.groups.get(group.id)!.secondMoments!;
    expect(moments.count).toBe(count);
    expect(moments.sums[40]).toBeCloseTo(sum, 3);
    expect(moments.products[(40 * 41) / 2 + 3]).toBeCloseTo(product, 3);
  });

  it('of shards add up to those of all', async () => {
    const shards = [];
    for (let shard = 0; shard < 3; shard++)
      shards.push(await calibrateModel(model, { calibration: samples(shard, 3), plugins: [branches], runtime }));
    const added = new Map(numbersOf(addStatistics(shards)));
    for (const [name, want] of numbersOf(whole)) {
      const got = added.get(name)!;
      const scale = Math.max(...Array.from(want, Math.abs));
      for (let at = 0; at < want.length; at++) expect(Math.abs(got[at] - want[at]), name).toBeLessThan(1e-5 * scale);
    }
    const mean = shards.reduce((sum, { sensitivity }) => sum + sensitivity['blocks.0.ffn'][1].divergence / 3, 0);
    expect(addStatistics(shards).sensitivity['blocks.0.ffn'][1].divergence).toBeCloseTo(mean, 12);
  });

  it('give the plan that the data give, without the data', async () => {
    const budget = { macs: 0.6 };
    const direct = await prune(model, { budget, calibration: samples(), holdBack: false, runtime });
    const replayed = await prune(model, { budget, statistics: whole, runtime });
    expect(replayed.plan.groups).toEqual(direct.plan.groups);
    expect(replayed.plan.compensation).toMatchObject({ kind: 'full', statistics: expect.any(String) });
    expect(direct.plan.compensation).toMatchObject({ kind: 'full', data: { samples: SAMPLES, heldBack: false } });
    expect(replayed.report.seconds.calibrate).toBeUndefined();
    expect(replayed.report.seconds.probe).toBeUndefined();
    expect(replayed.report.calibration.samples).toBe(SAMPLES);
  });

  it('gathered without the plug-ins that are used later recover less, which is said', async () => {
    const bare = await calibrateModel(model, { calibration: samples(), sensitivity: false, runtime });
    const { plan } = await prune(model, {
      plugins: [branches],
      ratios: { block: 0.25 },
      compensation: 'none',
      runtime,
    });
    const run = async (statistics: CalibrationStatistics, own = plan) =>
      (await apply(model, own, { compensation: 'full', statistics, runtime })).report.warnings;
    expect(Object.keys(plan.groups).some((id) => id.endsWith('-branch'))).toBe(true);
    expect(await run(bare)).toEqual([expect.stringMatching(/say nothing of branches.*--plugin/)]);
    expect(await run(whole)).toEqual([]);
    expect(await run(bare, emptyPlan(prepare(model)))).toEqual([]);
  });

  it('are saved and loaded as they are', async () => {
    const path = join(folder, 'stats.safetensors');
    await saveStatistics(whole, path);
    const loaded = await loadStatistics(path);
    expect([loaded.model, loaded.sensitivity]).toEqual([whole.model, whole.sensitivity]);
    expect(new Map(numbersOf(loaded))).toEqual(new Map(numbersOf(whole)));
    // As any reader of safetensors sees them.
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
    expect(header['groups/blocks.0.ffn/sums']).toMatchObject({ dtype: 'F64', shape: [48] });
    const [start] = header['groups/blocks.0.ffn/sums'].data_offsets;
    expect(bytes.readDoubleLE(8 + length + start + 8 * 5)).toBe(
      whole.groups.get('blocks.0.ffn')!.secondMoments!.sums[5],
    );
  });

  it('are refused where they are damaged, something else, or of another model', async () => {
    const path = join(folder, 'whole');
    await saveStatistics(whole, path);
    const bytes = await readFile(path);
    const refused = async (content: Uint8Array | string, message: RegExp) => {
      const other = join(folder, 'damaged');
      await writeFile(other, content);
      await expect(loadStatistics(other)).rejects.toThrow(message);
    };
    await refused('', /holds no statistics/);
    await refused('{"format": "snp-plan"}', /holds no statistics/);
    await refused(bytes.subarray(0, 1000), /holds no statistics/);
    await refused(bytes.subarray(0, bytes.length - 8), /is damaged at/);
    await refused(Buffer.from(bytes).fill(0x20, 8, 40), /holds no statistics/);
    await expect(loadStatistics(join(folder, 'missing'))).rejects.toThrow(/cannot be read/);
    const other = buildVit({
      image: 16,
      patch: 4,
      residual: 24,
      depth: 2,
      heads: 3,
      blocks: { queryKey: 8, value: 8, ffn: 48 },
      classes: 7,
      seed: 2,
    });
    await expect(prune(other, { budget: { macs: 0.5 }, statistics: whole, runtime })).rejects.toThrow(/another model/);
    expect(() => addStatistics([whole, { ...whole, model: 'x' }])).toThrow(/different models/);
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/tmp|part/));
  });
});

describe('statistics that say little', () => {
  /** Pictures that are all alike, huge, or of which there are few. */
  const cases = {
    'four samples': [4, (seed: number) => smallVitFeeds(seed)],
    'one sample': [1, (seed: number) => smallVitFeeds(seed)],
    'equal samples': [8, () => smallVitFeeds(1)],
    'black pictures': [8, () => scaled(smallVitFeeds(1), 0)],
    'huge numbers': [8, (seed: number) => scaled(smallVitFeeds(seed), 1e18)],
    'numbers too large for float32': [8, (seed: number) => scaled(smallVitFeeds(seed), 1e30)],
    'numbers that are none': [8, (seed: number) => scaled(smallVitFeeds(seed), Number.NaN)],
  } as const;

  it.each(Object.entries(cases))('(%s) give a finite model or a reason', async (_, [count, make]) => {
    const calibration = tensors(
      async function* () {
        for (let seed = 0; seed < count; seed++) yield make(seed);
      },
      { count },
    );
    // On inputs that are no numbers nothing can be proven.
    const options = { budget: { macs: 0.6 }, calibration, runtime, verify: false };
    const { model: pruned, report } = await prune(model, options);
    for (const { tensor } of pruned.graph.initializers)
      if (tensor!.dataType === 'FLOAT') expect([...tensor!.numbers()].every(Number.isFinite)).toBe(true);
    expect(report.cost.after.macs).toBeLessThanOrEqual(0.6 * report.cost.before.macs);
    const { logits } = await runModel(pruned, smallVitFeeds(77));
    expect([...(logits.data as Float32Array)].every(Number.isFinite)).toBe(true);
    const weak = report.groups.some(({ removed, compensation }) => removed.length > 0 && compensation !== 'done');
    if (count < 3 || /none/.test(_)) expect(weak || report.warnings.length > 0).toBe(true);
  });
});

function scaled(sample: ReturnType<typeof smallVitFeeds>, factor: number): ReturnType<typeof smallVitFeeds> {
  const { data, dims } = sample.input;
  return { input: { type: 'FLOAT', dims, data: (data as Float32Array).map((number) => factor * number) } };
}
