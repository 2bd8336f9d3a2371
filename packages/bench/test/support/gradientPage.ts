// Bundled for a browser by browserGradients.test.ts: a page that differentiates a model and runs the result, with nothing but published exports.
import { gradientModel } from '@snp/gradient';
import { decodeModel, encodeModel } from '@snp/onnx';
import * as ort from 'onnxruntime-web';
import { drawn, type GradientPage } from './gradientPageTypes.js';

declare const location: { readonly href: string };

ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
ort.env.wasm.numThreads = 1;

const page: GradientPage = {
  async gradients(by, { input, dims, output, width }) {
    const bytes = new Uint8Array(await (await fetch('model.onnx')).arrayBuffer());
    const { model, directions, gradients } = gradientModel(decodeModel(bytes), { by });
    const whole = new Uint8Array(await new Blob(encodeModel(model) as Uint8Array<ArrayBuffer>[]).arrayBuffer());
    const session = await ort.InferenceSession.create(whole, { executionProviders: ['wasm'] });
    const size = dims.reduce((product, dim) => product * dim, 1);
    const found = await session.run({
      [input]: new ort.Tensor('float32', drawn(size, 1), dims),
      [directions[output]]: new ort.Tensor('float32', drawn(dims[0] * width, 2), [dims[0], width]),
    });
    return Object.fromEntries(by.map((name) => [name, Array.from(found[gradients[name]].data as Float32Array)]));
  },
};
Object.assign(globalThis, { page });
