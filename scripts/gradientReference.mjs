// `node scripts/gradientReference.mjs [MODEL...]`: gradients of models by @snp/gradient in onnxruntime, with 32 bits, against PyTorch's automatic differentiation with 64, by hand.
// Default: every float model of ../shared. Needs Debian's packages python3-torch, python3-onnx, libopenblas0-pthread. Prints a table: for the worst value of each model
// max |ours - PyTorch's| / max |PyTorch's|, and the same for PyTorch with 32 bits.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gradientModel } from '@snp/gradient';
import { inferShapes, inlineFunctions } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { inputs, normals, random, runModel, sharedFolder, sharedModels } from '@snp/testing';

/** Debian's, which has the packages. */
const PYTHON = '/usr/bin/python3';
const TYPES = { FLOAT: '<f4', INT64: '<i8', INT32: '<i4', BOOL: '|b1' };
/** Gradients that are this small beside the model's largest are zero but for rounding, such as those of key biases. */
const NEGLIGIBLE = 1e-3;

const paths = process.argv.length > 2 ? process.argv.slice(2) : await everyModel();
console.log('| model | values | ours, 32 bits | PyTorch, 32 bits |\n| --- | --- | --- | --- |');
for (const path of paths) {
  const row = await compare(path).catch((error) => [
    `not compared: ${String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1)}`,
  ]);
  console.log(`| ${[basename(path), ...row].join(' | ')} |`);
}

async function everyModel() {
  const lm = join(sharedFolder(), 'lm');
  const language = (await readdir(lm)).filter((file) => file.endsWith('cache.onnx')).map((file) => join(lm, file));
  return [...sharedModels().map(({ path }) => path), ...language];
}

async function compare(path) {
  const model = await readModel(path);
  inlineFunctions(model);
  const folder = await mkdtemp(join(tmpdir(), 'snp-gradient-'));
  try {
    await writeModel(model, join(folder, 'model.onnx'));
    const given = await write(folder, model, feedsOf(path, model));
    await writeFile(join(folder, 'given.json'), JSON.stringify(given));
    const out = execFileSync(PYTHON, [new URL('gradientReference.py', import.meta.url).pathname, folder], {
      encoding: 'utf8',
      maxBuffer: 1e9,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const results = Object.values(JSON.parse(out));
    const floor = NEGLIGIBLE * Math.max(...results.map(([, largest]) => largest));
    const worst = (index) => Math.max(...results.map((each) => each[index] / Math.max(each[1], floor)));
    return [results.length, worst(0).toExponential(1), worst(2).toExponential(1)];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs the model and its gradients; leaves what went in and came out as files. */
async function write(folder, model, feeds) {
  const shapes = inferShapes(model);
  const values = [...new Set([...model.graph.inputs, ...model.graph.initializers])];
  // Single numbers are no weights: exponents, epsilons, and what hides positions, whose gradients are sums that cancel out.
  const floats = values.filter((each) => shapes.elementType(each) === 'FLOAT' && each.tensor?.size !== 1);
  const by = floats.map(({ name }) => name);
  const differentiated = gradientModel(model, { by, keepOutputs: false });
  const plain = await runModel(model, feeds, Object.keys(differentiated.directions));
  const draw = random(1, 'directions');
  const directions = Object.entries(plain).map(([name, feed]) => [
    name,
    { ...feed, data: normals(draw, feed.data.length) },
  ]);
  const directed = directions.map(([name, feed]) => [differentiated.directions[name], feed]);
  const found = await runModel(differentiated.model, { ...feeds, ...Object.fromEntries(directed) });
  let count = 0;
  const files = (entries) =>
    Promise.all(
      entries.map(async ([name, { type, dims, data }]) => {
        const file = `${count++}.raw`;
        await writeFile(join(folder, file), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        return { name, file, type: TYPES[type], dims };
      }),
    );
  return {
    inputs: await files(Object.entries(feeds)),
    directions: await files(directions),
    gradients: await files(by.map((name) => [name, found[differentiated.gradients[name]]])),
  };
}

function feedsOf(path, { graph }) {
  const listed = sharedModels().find((each) => each.path === path);
  if (listed) return inputs(listed.inputs, { batch: 2 });
  const sizes = { batch: 2, tokens: 16, past: 4 };
  return inputs(
    graph.inputs.map(({ name, type }) => {
      const past = graph.inputs.some((each) => each.name.startsWith('past'));
      if (name.startsWith('past'))
        return { name, dtype: 'float', shape: [2, type.shape[1], sizes.past, type.shape[3]], fill: 'normal' };
      if (name === 'attention_mask')
        return { name, dtype: 'int64', shape: [2, sizes.tokens + (past ? sizes.past : 0)], fill: 'ones' };
      return {
        name,
        dtype: 'int64',
        shape: [2, sizes.tokens],
        fill: name === 'input_ids' ? 'randint:1000' : 'randint:16',
      };
    }),
  );
}
