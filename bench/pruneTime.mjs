// `node bench/pruneTime.mjs [ROUNDS]`: how long `snp prune` takes, as a multiple of plain inference on the same pictures.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '@snp/onnx/node';
import { buildVit, DEIT_BASE } from '@snp/testing';
import sharp from 'sharp';
import { drawPicture, SIZE } from '../examples/shapes/pictures.mjs';
import { inTurns, median, node } from './support/timing.mjs';

const rounds = Number(process.argv[2] ?? 3);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const at = (name) => join(folder, name);
const say = (text) => process.stdout.write(`${text}\n`);

try {
  await writeModel(buildVit({ ...DEIT_BASE, qkv: 'fused' }), at('base.onnx'));
  await mkdir(at('pictures'));
  for (let index = 0; index < 64; index++) {
    const raw = { raw: { width: SIZE, height: SIZE, channels: 3 } };
    await sharp(drawPicture(1, index).pixels, raw)
      .resize(256, 256)
      .jpeg()
      .toFile(at(`pictures/${index}.jpg`));
  }
  const works = [
    () => node(here('support/inference.mjs'), at('base.onnx'), at('pictures'), at('copy.onnx')),
    () =>
      node(
        here('../apps/cli/bin/snp.js'),
        'prune',
        at('base.onnx'),
        '--preset',
        'snp-deit-base',
        '--calib',
        at('pictures'),
        '-o',
        at('pruned.onnx'),
      ),
  ];
  const times = await inTurns(works, rounds, (round, all) =>
    say(`round ${round + 1}: inference ${seconds(all[0][round])}, snp prune ${seconds(all[1][round])}`),
  );
  const [plain, prune] = times.map(median);
  say(
    `median: inference ${seconds(plain)}, snp prune ${seconds(prune)}, ratio ${(prune / plain).toFixed(2)} (bound: 2)`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
