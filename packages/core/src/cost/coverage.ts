import type { Analysis } from '@snp/graph';
import { type Cost, CostModel } from './costModel.js';

/** Shares of a model's cost, from 0 to 1. */
export type Coverage = Cost;

/**
 * How much of a model pruning can get at: the share of its MACs, parameters and bytes that have at least one dimension in a group. A model without
 * matrix products has a share of 0.
 *
 * @example
 * const { macs } = coverageOf(prepare(await readModel('vit.onnx'))); // 0.99
 */
export function coverageOf(analysis: Analysis): Coverage {
  const costs = new CostModel(analysis);
  const [whole, part] = [costs.at({}), costs.prunable()];
  const share = (name: keyof Cost) => (whole[name] > 0 ? part[name] / whole[name] : 0);
  return { macs: share('macs'), params: share('params'), bytes: share('bytes') };
}
