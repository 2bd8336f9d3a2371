// `node bench/quantizeZoo.mjs FOLDER`: quantises every .onnx file in a folder to int8, runs it and the original on one random input, and prints for each how many weights became 8-bit numbers, the size that is left, the cosine of the
// answers, or why it was refused. Exits with 1 where a quantised model does not load, or answers with infinite numbers.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { prepare } from '@snp/core';
import { inputsFor } from '@snp/core/inputs';
import { compareModels } from '@snp/core/stages';
import { encodeModel } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { quantize } from '@snp/quantize';
import { onnxRuntime, tensors } from '@snp/runtime';

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node bench/quantizeZoo.mjs FOLDER');
const runtime = onnxRuntime();
const sizeOf = (model) => encodeModel(model).reduce((sum, { length }) => sum + length, 0);

async function row(path) {
  const model = await readModel(path);
  let quantized;
  try {
    quantized = quantize(model, { to: 'int8' });
  } catch (error) {
    return ['', '', '', error.message];
  }
  const session = await runtime.open(path);
  let feeds;
  try {
    feeds = await inputsFor(prepare(model), session);
  } finally {
    await session.close();
  }
  const { cosine } = await compareModels(model, quantized.model, { data: tensors([feeds]), runtime });
  if (!Number.isFinite(cosine)) process.exitCode = 1;
  const size = sizeOf(quantized.model) / sizeOf(model);
  return [quantized.weights.length, `${(100 * size).toFixed(0)} %`, cosine.toFixed(4), ''];
}

process.stdout.write('| model | weights | size left | cosine | refused |\n| --- | --- | --- | --- | --- |\n');
for (const name of (await readdir(folder, { recursive: true })).filter((own) => own.endsWith('.onnx')).sort()) {
  const cells = await row(join(folder, name)).catch((error) => {
    process.exitCode = 1;
    return ['', '', '', `FAILED ${error.message.split('\n')[0]}`];
  });
  process.stdout.write(`| ${[name, ...cells].join(' | ')} |\n`);
}
