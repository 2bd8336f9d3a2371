import { type Criterion, random, SnpError, sensitivity } from '@snp/core/plugin';
import { similarity } from './similarity.js';

/** Names of the criteria for blocks. */
export const blockCriterionNames = ['similarity', 'sensitivity', 'random'] as const;

/** Name of a criterion for blocks. */
export type BlockCriterionName = (typeof blockCriterionNames)[number];

/**
 * A criterion for blocks by its name.
 *
 * @throws SnpError `invalid-argument` with all names if there is none of this one.
 */
export function blockCriterion(name: string, { seed = 0 }: { seed?: number } = {}): Criterion {
  switch (name) {
    case 'similarity':
      return similarity();
    case 'sensitivity':
      return sensitivity();
    case 'random':
      return random({ seed });
    default:
      throw new SnpError(
        'invalid-argument',
        `There is no criterion '${name}' for blocks. Choose one of ${blockCriterionNames.join(', ')}.`,
      );
  }
}
