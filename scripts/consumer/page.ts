// What a page does with the packages: bundled for browsers by consumer.mjs.
import { type Plan, prune } from '@snp/core';
import { checkPlan } from '@snp/core/planning';
import { analyze } from '@snp/graph';
import { decodeModel, encodeModel } from '@snp/onnx';
import { l2 } from '@snp/score';

/** Prunes a model that came as bytes; tells how many groups it has left beside. */
export async function pruneBytes(bytes: Uint8Array): Promise<{ chunks: Uint8Array[]; plan: Plan; groups: number }> {
  const options = { budget: { macs: 0.6 }, criterion: l2(), verify: false };
  const { model, plan, analysis } = await prune(decodeModel(bytes), options);
  return { chunks: encodeModel(model), plan: checkPlan(plan, analysis), groups: analyze(model).groups.length };
}
