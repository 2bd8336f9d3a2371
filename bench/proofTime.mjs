// `node bench/proofTime.mjs MODEL [ROUNDS]`: what the proof adds to `snp prune` by a budget, beside one inference of one sample.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '@snp/core';
import { inputsFor } from '@snp/core/inputs';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { inTurns, median, node } from './support/timing.mjs';

const [model, rounds = '7'] = process.argv.slice(2);
const snp = fileURLToPath(new URL('../apps/cli/bin/snp.js', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'snp-bench-'));
const output = join(folder, 'pruned.onnx');
const prune = (...flags) => node(snp, 'prune', model, '--keep-macs', '0.6', '--no-calib', '-o', output, ...flags);

try {
  const times = await inTurns([() => prune(), () => prune('--no-verify')], Number(rounds));
  const [proven, plain] = times.map(median);
  const session = await onnxRuntime().open(model);
  const feeds = await inputsFor(prepare(await readModel(model)), session);
  await session.time(feeds, 5);
  const one = median([...(await session.time(feeds, 20))]);
  await session.close();
  process.stdout.write(
    `with the proof ${seconds(proven)}, without ${seconds(plain)}, ratio ${(proven / plain).toFixed(2)}; the proof adds ${seconds(proven - plain)}, as much as ${((proven - plain) / one).toFixed(0)} inferences of ${one.toFixed(0)} ms\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
