import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModel } from '@snp/onnx/node';
import { inputs, runModel } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEEDS, writePictures } from '../../../examples/shapes/pictures.mjs';
import { namesIn, snp, start, temporaryFolder, writeSmallVit } from './support/snp.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
const PREPROCESS = fileURLToPath(new URL('../../../examples/shapes/preprocessor_config.json', import.meta.url));

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writePictures(at('calibration'), { count: 20, seed: SEEDS.calibration });
  await writePictures(at('held-out'), { count: 50, seed: SEEDS.test });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const hash = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('snp, on the example model', () => {
  let report: {
    plan: unknown;
    cost: Record<'before' | 'after', { macs: number; params: number }>;
    groups: { kind: string }[];
  };

  beforeAll(async () => {
    const args = [
      '--keep-macs',
      '70%',
      '--calib',
      at('calibration'),
      '--preprocess',
      PREPROCESS,
      '--compensation',
      'none',
      '--report',
      at('report'),
    ];
    const { code, stdout, stderr } = await snp('prune', EXAMPLE, ...args, '-o', at('small.onnx'), '--json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    report = JSON.parse(stdout);
  });

  it('inspect tells blocks, heads and widths, as a table and as JSON', async () => {
    const { stdout } = await snp('inspect', EXAMPLE, '--json');
    const findings = JSON.parse(stdout);
    expect(findings.blocks).toHaveLength(6);
    expect(findings.blocks[5]).toMatchObject({ heads: 3, queryKey: 32, value: 32, ffn: [384] });
    // Blocks, and what lies in front of them and behind, are the whole.
    const parts: { macs: number; params: number }[] = [
      ...findings.blocks,
      findings.outside.before,
      findings.outside.after,
    ];
    expect(parts.reduce((sum, { macs }) => sum + macs, 0)).toBe(findings.macs);
    expect(parts.reduce((sum, { params }) => sum + params, 0)).toBe(findings.params);
    const table = await snp('inspect', EXAMPLE);
    expect(table.stdout).toMatch(/ 5 +3 +32 +32 +384 /);
  });

  it('prune meets the budget and writes what it reports', async () => {
    const { before, after } = report.cost;
    expect(after.macs).toBeLessThanOrEqual(0.7 * before.macs);
    expect(after.macs).toBeGreaterThan(0.66 * before.macs);
    const written = JSON.parse((await snp('inspect', at('small.onnx'), '--json')).stdout);
    expect(written.macs).toBe(after.macs);
    expect(written.params).toBe(after.params);
    expect((await stat(at('small.onnx'))).size).toBeLessThan(0.75 * (await stat(EXAMPLE)).size);
  });

  it('the report folder holds the plan, the report and the page', async () => {
    expect(await namesIn(at('report'))).toEqual(['plan.json', 'report.html', 'report.json']);
    expect(JSON.parse(await readFile(at('report', 'plan.json'), 'utf8'))).toEqual(report.plan);
    const page = await readFile(at('report', 'report.html'), 'utf8');
    expect(page).not.toMatch(/<script|src=|href="http/);
    for (const kind of new Set(report.groups.map((group) => group.kind)))
      expect(kind).toMatch(/query-key|value|ffn|residual|channel/);
    expect(page).toMatch(/Query\/key per head/);
  });

  it('apply makes the same bytes from the same plan', async () => {
    for (const name of ['again.onnx', 'and-again.onnx']) {
      const { code } = await snp('apply', EXAMPLE, '--plan', at('report', 'plan.json'), '-o', at(name));
      expect(code).toBe(0);
      expect(await hash(at(name))).toBe(await hash(at('small.onnx')));
    }
  });

  it('an edited plan gives the widths that stand in it', async () => {
    const plan = JSON.parse(await readFile(at('report', 'plan.json'), 'utf8'));
    plan.groups['blocks.0.ffn'].keep = [3, 141, 141 + 59];
    await writeFile(at('edited.json'), JSON.stringify(plan));
    await snp('apply', EXAMPLE, '--plan', at('edited.json'), '-o', at('edited.onnx'));
    const { blocks } = JSON.parse((await snp('inspect', at('edited.onnx'), '--json')).stdout);
    expect(blocks[0].ffn).toEqual([3]);
  });

  it('verify passes for the right plan and fails with exit code 2 for another', async () => {
    const right = await snp('verify', EXAMPLE, at('small.onnx'), '--plan', at('report', 'plan.json'), '--json');
    expect(right.code).toBe(0);
    expect(JSON.parse(right.stdout).difference).toBeLessThan(1e-5);
    const plan = JSON.parse(await readFile(at('report', 'plan.json'), 'utf8'));
    const { keep } = plan.groups['blocks.2.ffn'];
    const unused = Array.from({ length: 384 }, (_, unit) => unit).find((unit) => !keep.includes(unit));
    plan.groups['blocks.2.ffn'].keep = [...keep.slice(1), unused].sort((a, b) => a - b);
    await writeFile(at('wrong.json'), JSON.stringify(plan));
    const wrong = await snp('verify', EXAMPLE, at('small.onnx'), '--plan', at('wrong.json'));
    expect(wrong.stdout).toMatch(/different/);
    expect(wrong.code).toBe(2);
  });

  it('eval and compare tell accuracy and agreement', async () => {
    const data = ['--data', at('held-out'), '--preprocess', PREPROCESS, '--json'];
    const evaluated = JSON.parse((await snp('eval', EXAMPLE, ...data)).stdout);
    expect(evaluated.samples).toBe(50);
    expect(evaluated.top1).toBeGreaterThan(0.8);
    const compared = JSON.parse((await snp('compare', EXAMPLE, EXAMPLE, ...data)).stdout);
    expect(compared.first.top1).toBe(evaluated.top1);
    expect(compared.agreement ?? compared.fidelity?.agreement).toBe(1);
  });

  it('every criterion gives another plan of the same widths, the random one by its seed', async () => {
    const run = async (name: string, ...more: string[]) => {
      const args = [
        '--ratio',
        'ffn=0.5',
        '--calib',
        at('calibration'),
        '--preprocess',
        PREPROCESS,
        '--criterion',
        name,
        // Chosen before, and not by, refits.
        '--no-reconstruct',
        '--json',
      ];
      const { stdout, stderr } = await snp('prune', EXAMPLE, ...args, ...more, '-o', at('criterion.onnx'));
      expect(stderr).toBe('');
      return JSON.parse(stdout).plan.groups['blocks.3.ffn'].keep.join();
    };
    const plans = [];
    for (const name of ['snp', 'l1', 'l2', 'activation', 'fisher', 'random']) plans.push(await run(name));
    expect(new Set(plans).size).toBe(6);
    expect(await run('random', '--seed', '0')).toBe(plans.at(-1));
    expect(await run('random', '--seed', '9')).not.toBe(plans.at(-1));
  });

  it('compensation is the default with data, can be verified, and says how alike the answers are', async () => {
    const data = ['--calib', at('calibration'), '--preprocess', PREPROCESS];
    const more = ['--report', at('full-report'), '--least', 'value=0.5', '--json'];
    const { stdout, code } = await snp('prune', EXAMPLE, '--keep-macs', '60%', ...data, ...more, '-o', at('full.onnx'));
    expect(code).toBe(0);
    const full = JSON.parse(stdout);
    expect(full.compensation).toBe('full');
    expect(full.cost.after.macs).toBeLessThanOrEqual(0.6 * full.cost.before.macs);
    expect(full.fidelity.samples).toBe(2);
    for (const { kind, after } of full.groups) if (kind === 'value') expect(after).toBeGreaterThanOrEqual(16);
    const plan = at('full-report', 'plan.json');
    const verified = await snp('verify', EXAMPLE, at('full.onnx'), '--plan', plan, '--json');
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout).difference).toBeLessThan(1e-4);
    expect((await snp('verify', EXAMPLE, at('small.onnx'), '--plan', plan)).code).not.toBe(0);
    const refused = await snp('apply', EXAMPLE, '--plan', plan, '-o', at('only-cut.onnx'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/18 calibration samples: give them \(--calib DIR\)/);
    expect(await namesIn(folder)).not.toContain('only-cut.onnx');
    const cut = await snp('apply', EXAMPLE, '--plan', plan, '--compensation', 'none', '-o', at('only-cut.onnx'));
    expect(cut.code).toBe(0);
    expect(cut.stderr).toMatch(/only cut: nothing makes up for what leaves/);
    for (const command of ['apply', 'prune']) {
      const again = await snp(command, EXAMPLE, '--plan', plan, ...data, '-o', at('full-again.onnx'));
      expect(again.stderr).toBe('');
      expect(again.code).toBe(0);
      expect(await hash(at('full-again.onnx'))).toBe(await hash(at('full.onnx')));
    }
  });

  it('calibrate gathers once what many prunings need, in shards too', async () => {
    const files = [];
    for (const part of ['1/2', '2/2']) {
      const file = at(`stats-${part[0]}`);
      const data = ['--calib', at('calibration'), '--preprocess', PREPROCESS, '--shard', part];
      const { code, stdout } = await snp('calibrate', EXAMPLE, ...data, '-o', file, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ output: file, samples: 10 });
      files.push(file);
    }
    const { code, stdout } = await snp(
      'prune',
      EXAMPLE,
      ...['--keep-params', '60%', '--stats', ...files, '--json', '-o', at('replayed.onnx')],
    );
    expect(code).toBe(0);
    const { calibration, cost, compensation, seconds } = JSON.parse(stdout);
    expect([calibration.samples, compensation, seconds.calibrate]).toEqual([20, 'full', undefined]);
    expect(cost.after.params).toBeLessThanOrEqual(0.6 * cost.before.params);
    const data = ['--data', at('held-out'), '--preprocess', PREPROCESS, '--json'];
    expect(JSON.parse((await snp('eval', at('replayed.onnx'), ...data)).stdout).top1).toBeGreaterThan(0.8);
  });

  it('sweep prunes to many budgets, draws the trade-off, and goes on where it was stopped', async () => {
    const data = ['--calib', at('calibration'), '--data', at('held-out'), '--preprocess', PREPROCESS];
    const run = async (keep: string) => {
      const { code, stdout } = await snp('sweep', EXAMPLE, ...data, '--keep', keep, '-o', at('sweep'), '--json');
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    await run('0.8');
    const first = await stat(at('sweep', 'vit-shapes.macs-0.8.onnx'));
    const { points } = await run('0.4,80%');
    expect((await stat(at('sweep', 'vit-shapes.macs-0.8.onnx'))).mtimeMs).toBe(first.mtimeMs);
    expect(points.map(({ budget }: { budget: object }) => budget)).toEqual([{ macs: 0.8 }, { macs: 0.4 }]);
    for (const { budget, cost, fidelity, top1, latency } of points) {
      expect(cost.after.macs).toBeLessThanOrEqual(budget.macs * cost.before.macs);
      expect(fidelity.samples).toBe(50);
      expect(top1.before).toBeGreaterThan(0.8);
      expect(latency.before).toBeGreaterThan(0);
    }
    const page = await readFile(at('sweep', 'sweep.html'), 'utf8');
    expect(page.match(/<circle/g)).toHaveLength(8);
    expect(page).not.toMatch(/<script|src=|href="http|NaN/);
    const other = await snp('sweep', EXAMPLE, ...data, '--round', '4', '-o', at('sweep'));
    expect(other.stderr).toMatch(/with other options/);
  });

  it('sweep refuses a budget that cannot be met before it calibrates', async () => {
    const data = ['--calib', at('calibration'), '--preprocess', PREPROCESS];
    const { code, stderr } = await snp('sweep', EXAMPLE, ...data, '--keep', '0.8,0.001', '-o', at('unmet'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/The budget cannot be met: .*0\.1 % of the MACs were asked for/);
    await expect(stat(at('unmet', 'statistics.safetensors'))).rejects.toThrow(/ENOENT/);
  });

  it('compensation keeps more of the accuracy', async () => {
    const top1 = [];
    for (const compensation of ['none', 'ridge']) {
      const data = ['--calib', at('calibration'), '--preprocess', PREPROCESS, '--compensation', compensation];
      await snp('prune', EXAMPLE, '--ratio', 'ffn=0.6', ...data, '-o', at('recovered.onnx'));
      const { stdout } = await snp(
        'eval',
        at('recovered.onnx'),
        '--data',
        at('held-out'),
        '--preprocess',
        PREPROCESS,
        '--json',
      );
      top1.push(JSON.parse(stdout).top1);
    }
    expect(top1[1]).toBeGreaterThan(top1[0] + 0.1);
  });

  it('writes into the current folder where no output is named', async () => {
    await mkdir(at('here'));
    const { code } = await start(['prune', EXAMPLE, '--keep-macs', '0.9', '--no-calib'], at('here')).outcome;
    expect(code).toBe(0);
    expect(await namesIn(at('here'))).toEqual(['vit-shapes.snp.onnx']);
  });

  it('rounds widths to a multiple', async () => {
    const { stdout } = await snp(
      'prune',
      EXAMPLE,
      '--keep-params',
      '0.5',
      '--no-calib',
      '--round',
      '8',
      '-o',
      at('round.onnx'),
      '--json',
    );
    for (const group of JSON.parse(stdout).groups.filter(
      (item: { before: number; after: number }) => item.after < item.before,
    ))
      expect(group.after % 8).toBe(0);
  });

  it('counts and names pictures that cannot be read, and goes on', async () => {
    await mkdir(at('mixed'));
    await writePictures(at('mixed'), { count: 10, seed: 5 });
    await writeFile(at('mixed', 'star', 'broken.png'), 'no picture');
    const { code, stderr } = await snp(
      'prune',
      EXAMPLE,
      '--keep-macs',
      '0.8',
      '--calib',
      at('mixed'),
      '--preprocess',
      PREPROCESS,
      '-o',
      at('mixed.onnx'),
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/1 sample.*skipped[\s\S]*broken\.png/);
  });

  it('the pruned model runs at any batch size', async () => {
    const model = await readModel(at('small.onnx'));
    const specs = [{ name: 'pixels', dtype: 'float' as const, shape: [1, 3, 32, 32], fill: 'normal' }];
    for (const batch of [1, 5]) {
      const { logits } = await runModel(model, inputs(specs, { batch, seed: 1 }));
      expect(logits.dims).toEqual([batch, 10]);
    }
  });
});

/** Commands of a process's children. */
function childrenOf(parent: number): string[] {
  const list = execFileSync('ps', ['-A', '-o', 'ppid=,args='], { encoding: 'utf8' });
  return list.split('\n').filter((line) => Number(line.trim().split(' ')[0]) === parent);
}

describe('snp, interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s leaves nothing behind and what was there', async (signal) => {
    await writeFile(at('old.onnx'), 'the old model');
    const before = await namesIn(folder);
    await writePictures(at('held-out'), { count: 50, seed: SEEDS.test });
    const { child, outcome } = start([
      'prune',
      EXAMPLE,
      '--keep-macs',
      '0.5',
      '--calib',
      at('held-out'),
      '--preprocess',
      PREPROCESS,
      '--batch',
      '1',
      '-o',
      at('old.onnx'),
    ]);
    // Loaded when a process of its own opens models, and far from done.
    await expect.poll(() => childrenOf(child.pid!)).toContainEqual(expect.stringContaining('worker.js'));
    child.kill(signal);
    expect([130, 143]).toContain((await outcome).code);
    expect(await namesIn(folder)).toEqual(before);
    expect(await readFile(at('old.onnx'), 'utf8')).toBe('the old model');
  });
});

describe('snp, on models in several files', () => {
  it('reads and writes external data', async () => {
    await mkdir(at('several'));
    await writeSmallVit(at('several', 'vit.onnx'), 'external');
    const { code } = await snp(
      'prune',
      at('several', 'vit.onnx'),
      '--keep-macs',
      '0.6',
      '--no-calib',
      '-o',
      at('several', 'small.onnx'),
      '--json',
    );
    expect(code).toBe(0);
    expect(await namesIn(at('several'))).toEqual(['small.onnx', 'small.onnx.data', 'vit.onnx', 'vit.onnx.data']);
    await expect(readModel(at('several', 'small.onnx'))).resolves.toBeDefined();
  });
});
