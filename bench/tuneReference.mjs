// `node bench/tuneReference.mjs STUDENT TEACHER DATA [STEPS [BATCH [THREADS]]]`: the training steps of `tune` beside PyTorch's (Debian's python3-torch and python3-onnx) with the same recipe, batches and rates from the same
// start: time of a step, teacher, data and optimiser included, processor time, peak memory, and the largest difference of the losses. DATA: pictures, or .npy of pictures of 8 bits (cifar10).
import { execFileSync } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { tune } from '@snp/tune';
import { inputsOf } from './support/inputsOf.mjs';

const [student, teacher, path, steps = '100', batch = '128', threads = '1'] = process.argv.slice(2);
const model = await readModel(student);
const [input] = inputsOf(model);
const preprocess = path.endsWith('.npy') ? 'cifar10' : undefined;
// As many samples as give so many steps in an epoch, and those that are held back.
const count = Number(steps) * Number(batch);
const folder = await mkdtemp(join(tmpdir(), 'snp-tune-reference-'));
const batches = openSync(join(folder, 'batches'), 'w');
const seen = { losses: [], rates: [], dims: undefined, weights: [], starts: [], footprints: [] };

/** onnxruntime, and what goes through it: batches, rates, losses. */
const runtime = onnxRuntime({ threads: Number(threads) });
const watched = {
  async open(of, options) {
    const session = await runtime.open(of, options);
    return {
      ...session,
      async hold(all) {
        for (const [name, { data, dims }] of Object.entries(all)) {
          if (name.startsWith('tune/weight/')) seen.weights.push(name.slice('tune/weight/'.length));
          if (!name.startsWith('tune/batch/') || name.includes('/answer/')) continue;
          seen.dims = dims;
          writeSync(batches, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        }
        return session.hold(all);
      },
      async run(feeds, how) {
        if (!('tune/rate' in feeds)) return session.run(feeds, how);
        seen.footprints.push(await session.footprint());
        seen.starts.push({ wall: performance.now(), cpu: process.cpuUsage() });
        seen.rates.push(feeds['tune/rate'].data[0]);
        const found = await session.run(feeds, how);
        seen.losses.push(Object.values(found)[0].data[0]);
        return found;
      },
    };
  },
};

try {
  const data = await openCalibration(path, { inputs: [input], preprocess });
  const total = Math.min(data.count, count);
  await tune(model, {
    teacher,
    data: await openCalibration(path, { inputs: [input], preprocess, limit: total }),
    runtime: watched,
    epochs: Math.ceil(count / total),
    batchSize: Number(batch),
    rate: 1e-3,
    heldBack: Math.min(0.5, 16 / total),
  });
  const taken = Math.min(Number(steps), seen.losses.length);
  const rates = seen.rates.slice(0, taken);
  await writeFile(
    join(folder, 'given.json'),
    JSON.stringify({
      ...{ student: resolve(student), teacher: resolve(teacher), input: input.name, dims: seen.dims },
      ...{ rates, weights: seen.weights, threads: Number(threads) },
    }),
  );
  const script = new URL('tuneReference.py', import.meta.url).pathname;
  const out = execFileSync('/usr/bin/python3', [script, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const torch = JSON.parse(out);
  const gaps = torch.losses.map((loss, at) => Math.abs(seen.losses[at] / loss - 1));
  const between = (of) => median(seen.starts.slice(2, taken).map((_, at) => of(at + 2) - of(at + 1)));
  const wall = between((at) => seen.starts[at].wall);
  const own = (at) => (seen.starts[at].cpu.user + seen.starts[at].cpu.system) / 1000;
  const cpu = between((at) => 1000 * seen.footprints[at].cpuSeconds + own(at));
  const memory = (seen.footprints.at(-1).peakBytes + 1024 * process.resourceUsage().maxRSS) / 1024;
  process.stdout.write(
    [
      `${taken} steps of ${batch}, ${threads} threads, medians: ${wall.toFixed(1)} ms, PyTorch ${torch.wall.toFixed(1)} ms (${(wall / torch.wall).toFixed(2)}); processor ${cpu.toFixed(1)} ms, PyTorch ${torch.cpu.toFixed(1)} ms (${(cpu / torch.cpu).toFixed(2)})`,
      `peak memory of both processes ${(memory / 1024).toFixed(0)} MB, PyTorch ${(torch.memory / 1024).toFixed(0)} MB`,
      `loss ${seen.losses[0].toFixed(4)} -> ${seen.losses[taken - 1].toFixed(4)}; largest difference from PyTorch's over all steps ${(100 * Math.max(...gaps)).toExponential(1)} %`,
      '',
    ].join('\n'),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
