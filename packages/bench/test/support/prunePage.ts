// Bundled for a browser by browserPruning.test.ts: what a page does that prunes a model, with nothing but published exports.
import { criterionByName, type Model, prune, type SnpError } from '@snp/core';
import { decodeModel, encodeModel } from '@snp/onnx';
import type { PrunePage } from './prunePageTypes.js';

const page: PrunePage = {
  async prune({ criterion, ...target }) {
    const model = decodeModel(await bytesOf('model.onnx'));
    const result = await prune(model, {
      ...target,
      criterion: criterionByName(criterion),
      // There is no runtime in this page to prove the result with.
      verify: false,
    });
    await post(result.model);
    return { plan: result.plan, cost: result.report.cost };
  },
  async rewrite() {
    const model = decodeModel(await bytesOf('model.onnx'));
    await post(model);
    const wide = model.graph.initializers.filter(({ tensor }) => tensor?.dataType === 'INT64');
    return wide.map(({ tensor }) => Array.from(tensor!.array() as BigInt64Array, String));
  },
  async pruneFile(path) {
    return prune(path, { budget: { macs: 0.5 } }).then(
      () => ({ code: 'none', message: '' }),
      ({ code, message }: SnpError) => ({ code, message }),
    );
  },
};
Object.assign(globalThis, { page });

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(path)).arrayBuffer());
}

async function post(model: Model): Promise<void> {
  await fetch('result.onnx', { method: 'POST', body: new Blob(encodeModel(model) as Uint8Array<ArrayBuffer>[]) });
}
