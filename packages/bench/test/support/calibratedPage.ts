// Bundled for a browser by browserCalibration.test.ts: a page that calibrates, estimates and prunes a model, with nothing but published exports.
import { prune } from '@snp/core';
import { calibrate, estimateSensitivity, open, solveCompensation } from '@snp/core/stages';
import { decodeModel, encodeModel, type Model } from '@snp/onnx';
import { tensors, webRuntime } from '@snp/runtime';
import { tune } from '@snp/tune';
import * as ort from 'onnxruntime-web';
import { type CalibratedPage, pictures, TUNING } from './calibratedPageTypes.js';

declare const location: { readonly href: string };

ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
ort.env.wasm.numThreads = 1;
const runtime = webRuntime(ort);

const page: CalibratedPage = {
  async sensitivity() {
    const context = await open(await received(), { calibration: calibrationOf(await received()), runtime });
    const compensations = await solveCompensation(context, await calibrate(context), { curves: true });
    return estimateSensitivity(context, compensations);
  },
  async prune(macs) {
    const { model, plan, report } = await prunedTo(macs);
    await post(model);
    return { plan, report };
  },
  async tune(macs) {
    const { model: student } = await prunedTo(macs);
    await post(student);
    const teacher = await received();
    const { before, history } = await tune(student, { teacher, data: calibrationOf(teacher), runtime, ...TUNING });
    return { before, history };
  },
};
Object.assign(globalThis, { page });

async function prunedTo(macs: number) {
  const model = await received();
  return prune(model, { budget: { macs }, calibration: calibrationOf(model), runtime });
}

async function post(model: Model): Promise<void> {
  await fetch('result.onnx', { method: 'POST', body: new Blob(encodeModel(model) as Uint8Array<ArrayBuffer>[]) });
}

async function received(): Promise<Model> {
  return decodeModel(new Uint8Array(await (await fetch('model.onnx')).arrayBuffer()));
}

function calibrationOf({ graph }: Model) {
  const [input] = graph.inputs.filter(({ tensor }) => !tensor);
  return tensors(pictures(input.name, input.type!.shape!.slice(1).map(Number)));
}
