// `node inference.mjs MODEL PICTURES OUT`: reads the file, runs every picture through it, writes the file again.
import { readFile, writeFile } from 'node:fs/promises';
import { images } from '@snp/runtime';
import ort from 'onnxruntime-node';

const BATCH = 4;
const [model, pictures, out] = process.argv.slice(2);
const bytes = await readFile(model);
const session = await ort.InferenceSession.create(model);
const input = { name: session.inputNames[0], type: 'FLOAT', dims: [undefined, 3, 224, 224] };
const samples = await images(pictures, { input });
let batch = [];
for await (const sample of samples.samples()) {
  batch.push(sample.feeds[input.name].data);
  if (batch.length === BATCH) await runBatch();
}
if (batch.length > 0) await runBatch();
await writeFile(out, bytes);
process.exit(0);

async function runBatch() {
  const data = new Float32Array(batch.length * batch[0].length);
  batch.forEach((picture, at) => {
    data.set(picture, at * picture.length);
  });
  await session.run({ [input.name]: new ort.Tensor('float32', data, [batch.length, 3, 224, 224]) });
  batch = [];
}
