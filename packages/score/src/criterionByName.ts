import { SnpError } from '@snp/onnx';
import { activation } from './criteria/activation.js';
import { fisher, taylor } from './criteria/gradients.js';
import { l1, l2 } from './criteria/magnitude.js';
import { random } from './criteria/random.js';
import type { Criterion } from './criterion.js';
import { snp } from './snp/snp.js';

/** Names of the built-in criteria. */
export const criterionNames = ['snp', 'l1', 'l2', 'activation', 'taylor', 'fisher', 'random'] as const;

/** A built-in criterion by its name; unknown names are errors that list the known ones. */
export function criterionByName(name: string, options: { seed?: number } = {}): Criterion {
  switch (name) {
    case 'snp':
      return snp();
    case 'l1':
      return l1();
    case 'l2':
      return l2();
    case 'activation':
      return activation();
    case 'taylor':
      return taylor();
    case 'fisher':
      return fisher();
    case 'random':
      return random(options);
    default:
      throw new SnpError(
        'invalid-argument',
        `There is no criterion '${name}'. Choose one of ${criterionNames.join(', ')}.`,
      );
  }
}
