import type { Analysis } from '@snp/graph';
import type { CostOptions } from '@snp/onnx';
import type { Widths } from '../plan/widths.js';
import { type Cost, CostModel } from './costModel.js';

/** The cost a model will have at given widths, without making it. For many widths of one model, `CostModel` is faster. */
export function planCost(analysis: Analysis, widths: Widths, options: Pick<CostOptions, 'dims'> = {}): Cost {
  return new CostModel(analysis, options).at(widths);
}
