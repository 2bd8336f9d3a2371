// `node bench/publishedShapes.mjs [PRESET...] [TARGET...] [batch=N]`: speed-ups of the published pruned shapes of DeiT-Tiny, -Small and -Base over the
// originals, for one picture at a time or N.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, PROTOCOLS, targetByName } from '@snp/bench';
import { prune } from '@snp/core';
import { writeModel } from '@snp/onnx/node';
import { headPruning } from '@snp/plugin-head';
import { buildVit, DEIT_BASE, DEIT_SMALL, DEIT_TINY } from '@snp/testing';

const isPreset = (name) => name.startsWith('snp-');
const chosen = process.argv.slice(2).filter(isPreset);
const batches = process.argv.slice(2).filter((name) => name.startsWith('batch='));
const named = process.argv.slice(2).filter((name) => !isPreset(name) && !batches.includes(name));
const inputs = { batch: Number(batches[0]?.slice('batch='.length) ?? 1) };
const targets = named.length > 0 ? named : ['cpu-1', 'cpu-2', 'web-wasm-1'];
const SHAPES = [
  ['DeiT-Tiny', DEIT_TINY, ['snp-deit-tiny']],
  ['DeiT-Small', DEIT_SMALL, ['snp-deit-small', 'snp-deit-small-1.3g']],
  ['DeiT-Base', DEIT_BASE, ['snp-deit-base', 'snp-deit-base-head']],
];
const folder = await mkdtemp(join(tmpdir(), 'snp-shapes-'));
process.stdout.write(
  '| model | shape | target | before | after | times as fast |\n| --- | --- | --- | --- | --- | --- |\n',
);
try {
  for (const [name, size, all] of SHAPES) {
    const presets = all.filter((preset) => chosen.length === 0 || chosen.includes(preset));
    if (presets.length === 0) continue;
    const model = buildVit({ ...size, qkv: 'fused' });
    const models = [{ name, path: join(folder, `${name}.onnx`), inputs }];
    await writeModel(model, models[0].path);
    for (const preset of presets) {
      const path = join(folder, `${preset}.onnx`);
      await (await prune(model, { preset, plugins: [headPruning()], compensation: 'none' })).write(path);
      models.push({ name: preset, path, inputs });
    }
    for (const targetName of targets) {
      const target = targetByName(targetName);
      const protocol = { ...PROTOCOLS.default, launches: 4, runs: 60, leastSeconds: 1, selfCheck: false };
      const result = await measure({ models, target, protocol });
      await target.close?.();
      const [before, ...after] = result.models;
      for (const { name: shape, summary, speedUp } of after) {
        const cells = [before.summary.median, summary.median].map((ms) => `${ms.toFixed(1)} ms`);
        const interval = `${speedUp.ratio.toFixed(2)} (${speedUp.low.toFixed(2)} to ${speedUp.high.toFixed(2)})`;
        process.stdout.write(`| ${[name, shape, targetName, ...cells, interval].join(' | ')} |\n`);
      }
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
