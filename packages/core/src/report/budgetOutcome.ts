import { percent } from '@snp/pages';
import { type CostBudget, costLimits } from '../allocation/budget.js';
import type { CostReport, LimitReport } from './report.js';

/** Rounding of what was predicted: copies of shared vectors, and sizes that fold differently. */
const SLACK = 1.001;

/** What a budget allowed of each cost that it limits, and what is left. */
export function budgetOutcome(
  budget: CostBudget | undefined,
  full: CostReport,
  after: CostReport,
): Partial<Record<keyof CostReport, LimitReport>> {
  const limits = costLimits(budget ?? {}, full);
  const limited = (Object.keys(limits) as (keyof CostReport)[]).filter((name) => Number.isFinite(limits[name]));
  return Object.fromEntries(
    limited.map((name) => {
      const [limit, left] = [limits[name], after[name]];
      return [name, { limit, left, met: left <= limit * SLACK }];
    }),
  );
}

/** A warning where a budget is not met, or only in part. */
export function unmetLimits(outcome: ReturnType<typeof budgetOutcome>, full: CostReport): string[] {
  const over = (Object.keys(outcome) as (keyof CostReport)[]).filter((name) => !outcome[name]!.met);
  if (over.length === 0) return [];
  const words = over.map((name) => {
    const { left, limit } = outcome[name]!;
    return `${percent(left, full[name])} of the ${NAMES[name]} are left (${percent(limit, full[name])} were allowed)`;
  });
  return [`The budget is met only in part: ${words.join(', ')}.`];
}

const NAMES: Record<keyof CostReport, string> = { macs: 'MACs', params: 'parameters', bytes: 'bytes of weights' };
