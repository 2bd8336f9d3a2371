import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { costByPart } from '../cost/costByPart.js';
import { CostModel } from '../cost/costModel.js';
import type { CostBudget } from './budget.js';

/**
 * A budget of the Transformer blocks as one of the whole model: what lies in front of them and behind, as embedding and head, comes on top.
 *
 * @param budget Shares or amounts of the blocks together.
 * @throws SnpError `invalid-argument` for a model without blocks.
 */
export function bodyBudget(analysis: Analysis, budget: CostBudget): CostBudget {
  const { blocks, front, behind } = costByPart(analysis);
  if (blocks.length === 0)
    throw new SnpError(
      'invalid-argument',
      'The model has no Transformer blocks that a budget could count alone (body).',
    );
  const whole = new CostModel(analysis).at({});
  const limits = Object.entries(budget).flatMap(([key, limit]) => {
    const name = key as keyof CostBudget;
    const outside = front[name] + behind[name];
    return limit === undefined
      ? []
      : [[name, limit <= 1 ? outside + limit * (whole[name] - outside) : outside + limit]];
  });
  return Object.fromEntries(limits);
}
