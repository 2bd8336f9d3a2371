import { html, trusted } from '@snp/pages';

/** What the page offers: `hasAdapter`, `openModel` and `time`, called from outside. */
const SCRIPT = `
let session, feeds;

const ARRAYS = { FLOAT: Float32Array, DOUBLE: Float64Array, FLOAT16: Uint16Array, INT64: BigInt64Array, INT32: Int32Array, INT16: Int16Array,
  INT8: Int8Array, UINT64: BigUint64Array, UINT32: Uint32Array, UINT16: Uint16Array, UINT8: Uint8Array, BOOL: Uint8Array };
const NAMES = { FLOAT: 'float32', DOUBLE: 'float64', FLOAT16: 'float16' };

async function bytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(url + ': ' + response.status);
  return response.arrayBuffer();
}

// The first question may come before the browser's GPU process is there: the answer is null then, and another a moment later.
globalThis.hasAdapter = async () => {
  const end = performance.now() + 3000;
  while (navigator.gpu) {
    if (await navigator.gpu.requestAdapter().catch(() => null)) return true;
    if (performance.now() > end) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
};

globalThis.openModel = async ({ script, folder, inputs, externalData, provider, threads }) => {
  if (!crossOriginIsolated) throw new Error('the page is not isolated');
  const ort = await import(script);
  ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
  if (threads) ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  if (provider === 'webgpu' && !(await hasAdapter())) throw new Error('the browser has no WebGPU adapter');
  feeds = {};
  for (const [at, { name, type, dims }] of inputs.entries()) {
    const data = new ARRAYS[type](await bytes(folder + 'inputs/' + at));
    feeds[name] = new ort.Tensor(NAMES[type] ?? type.toLowerCase(), data, dims);
  }
  const model = await bytes(folder + 'model');
  const data = await Promise.all(externalData.map(async (path, at) => ({ path, data: await bytes(folder + 'data/' + at) })));
  const start = performance.now();
  session = await ort.InferenceSession.create(model, { executionProviders: [provider], ...(data.length > 0 && { externalData: data }) });
  return { loadMs: performance.now() - start, version: ort.env.versions.web ?? ort.env.versions.common };
};

globalThis.time = async (runs) => {
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  return times;
};
globalThis.ready = true;
`;

/** The page that runs a model in a browser. */
export const PAGE =
  html`<!doctype html><html lang="en"><meta charset="utf-8"><title>snp bench</title><script type="module">${trusted(SCRIPT)}</script></html>`
    .text;
