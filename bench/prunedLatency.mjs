// `node bench/prunedLatency.mjs [ROUNDS]`: latency of pruned models against models of the same widths exported from scratch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { criterionByName, presets, prune } from '@snp/core';
import { writeModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { buildVit, DEIT_BASE, DEIT_SMALL, DEIT_TINY } from '@snp/testing';
import ort from 'onnxruntime-node';
import { inTurns, median } from './support/timing.mjs';

const rounds = Number(process.argv[2] ?? 40);
const SIZES = { 'snp-deit-tiny': DEIT_TINY, 'snp-deit-small': DEIT_SMALL, 'snp-deit-base': DEIT_BASE };
const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const feeds = {
  pixels: new ort.Tensor(
    'float32',
    new Float32Array(3 * 224 * 224).map((_, at) => Math.sin(at)),
    [1, 3, 224, 224],
  ),
};

try {
  for (const [preset, size] of Object.entries(SIZES)) {
    const original = buildVit({ ...size, qkv: 'fused' });
    const pruned = await prune(original, { preset, criterion: criterionByName('l1'), runtime: onnxRuntime() });
    const paths = ['original', 'pruned', 'scratch'].map((name) => join(folder, `${name}.onnx`));
    await writeModel(original, paths[0]);
    await pruned.write(paths[1]);
    await writeModel(fromScratch(size, presets[preset]), paths[2]);
    const sessions = await Promise.all(paths.map((path) => ort.InferenceSession.create(path)));
    const runs = sessions.map((session) => () => session.run({ [session.inputNames[0]]: feeds.pixels }));
    await inTurns(runs, 5);
    const [whole, narrow, scratch] = (await inTurns(runs, rounds)).map(median);
    await Promise.all(sessions.map((session) => session.release()));
    process.stdout.write(
      `${preset}: original ${ms(whole)}, pruned ${ms(narrow)}, from scratch ${ms(scratch)}; scratch/pruned ${(scratch / narrow).toFixed(3)} (bound: 0.98), original/pruned ${(whole / narrow).toFixed(2)}\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

/** A model of the preset's widths in the straightforward form: a product each for query, key and value. */
function fromScratch(size, { residual, blocks }) {
  const widths = blocks.map(([queryKey, value, ffn]) => ({ queryKey, value, ffn }));
  return buildVit({ ...size, residual, blocks: widths, qkv: 'separate', scaleWidth: 64 });
}

function ms(milliseconds) {
  return `${milliseconds.toFixed(2)} ms`;
}
