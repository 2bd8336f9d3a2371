// `node bench/tuneSaves.mjs MODEL PICTURES TEST [SHARE] [EPOCHS]`: what compensation before training saves. MODEL is pruned to SHARE of its MACs (0.5) without compensation (criterion `l2`) and with it (`full`), both are trained for
// EPOCHS (10), and TEST, with labels, is looked at before and after; the course of both on held-back samples tells when the first is where the second began.
import { compare, criterionByName, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { tune } from '@snp/tune';
import { inputsOf } from './support/inputsOf.mjs';

/** Pictures that prune calibrates with. */
const CALIBRATED = 600;

const [path, pictures, test, share = '0.5', epochs = '10'] = process.argv.slice(2);
const original = await readModel(path);
const runtime = onnxRuntime();
const open = (data, limit) =>
  openCalibration(data, {
    inputs: inputsOf(original),
    preprocess: data.endsWith('.npy') ? 'cifar10' : undefined,
    limit,
  });
const WAYS = {
  'no compensation': { compensation: 'none', criterion: criterionByName('l2') },
  compensation: { compensation: 'full' },
};

const print = (...cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
const on = async (model) => {
  const { second, fidelity } = await compare(original, model, { data: await open(test), runtime });
  return [second.top1, fidelity.agreement, fidelity.divergence].map((own) => own.toFixed(3));
};

print('pruned with', 'epochs', 'minutes', 'top-1', 'agreement', 'divergence');
print(...Array(6).fill('---'));
const courses = {};
for (const [way, options] of Object.entries(WAYS)) {
  const calibration = await open(pictures, CALIBRATED);
  const { model: pruned } = await prune(original, {
    budget: { macs: Number(share) },
    calibration,
    runtime,
    ...options,
  });
  print(way, 0, 0, ...(await on(pruned)));
  const data = await open(pictures);
  const started = performance.now();
  const {
    model = pruned,
    history,
    before,
  } = await tune(pruned, {
    ...{ teacher: original, data, runtime, augment: true },
    epochs: Number(epochs),
  });
  const minutes = (performance.now() - started) / 60_000;
  print(way, epochs, minutes.toFixed(1), ...(await on(model)));
  courses[way] = [{ ...before, epoch: 0, seconds: 0 }, ...history.filter(({ of }) => of === 'weights')];
}
process.stdout.write('\nLoss on held-back samples:\n\n');
const [none, full] = Object.values(courses);
print('epochs', ...Object.keys(courses));
print(...Array(3).fill('---'));
for (const [at, { epoch, loss }] of none.entries()) print(epoch, loss.toFixed(3), full[at]?.loss.toFixed(3) ?? '');
const reached = none.find(({ loss }) => loss <= full[0].loss);
process.stdout.write(
  reached
    ? `\nWithout compensation training is after ${reached.epoch} epochs (${(reached.seconds / 60).toFixed(1)} minutes) where it begins with it.\n`
    : '\nWithout compensation training never came to where it begins with it.\n',
);
