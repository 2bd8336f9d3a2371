// What a page does with the packages: bundled for browsers by consumer.mjs.
import { type Plan, prune } from '@snp/core';
import { analyze } from '@snp/graph';
import { decodeModel, encodeModel } from '@snp/onnx';
import { l2 } from '@snp/score';

/** Prunes a model that came as bytes; tells how many groups it has left beside. */
export async function pruneBytes(bytes: Uint8Array): Promise<{ chunks: Uint8Array[]; plan: Plan; groups: number }> {
  const { model, plan } = await prune(decodeModel(bytes), { budget: { macs: 0.6 }, criterion: l2(), verify: false });
  return { chunks: encodeModel(model), plan, groups: analyze(model).groups.length };
}
