import { type Criterion, l2, random, SnpError, sensitivity } from '@snp/core/plugin';
import { energy } from './energy.js';
import { redundancy } from './redundancy.js';

/** Names of the criteria for heads. */
export const headCriterionNames = ['energy', 'redundancy', 'sensitivity', 'l2', 'random'] as const;

/** Name of a criterion for heads. */
export type HeadCriterionName = (typeof headCriterionNames)[number];

/**
 * A criterion for heads by its name.
 *
 * @throws SnpError `invalid-argument` with all names if there is none of this one.
 */
export function headCriterion(name: string, { seed = 0 }: { seed?: number } = {}): Criterion {
  switch (name) {
    case 'energy':
      return energy();
    case 'redundancy':
      return redundancy();
    case 'sensitivity':
      return sensitivity();
    case 'l2':
      return l2();
    case 'random':
      return random({ seed });
    default:
      throw new SnpError(
        'invalid-argument',
        `There is no criterion '${name}' for heads. Choose one of ${headCriterionNames.join(', ')}.`,
      );
  }
}
