import { LAYER_NORMS } from './layerNorms.js';
import type { NormParts, NormSpelling } from './normSpelling.js';
import { OTHER_NORMS } from './otherNorms.js';
import { RMS_NORMS } from './rmsNorms.js';
import type { Weight } from './weight.js';

/** All spellings of norms by name. */
export const NORMS = { ...LAYER_NORMS, ...RMS_NORMS, ...OTHER_NORMS } as const;

/** Name of a spelling of a norm. */
export type NormName = keyof typeof NORMS;

/** The spelling of that name. */
export function normSpelling(name: NormName): NormSpelling {
  return NORMS[name];
}

/** Names of the spellings that also norm the neurons of heads. */
export const HEAD_NORMS = (Object.keys(NORMS) as NormName[]).filter((name) => normSpelling(name).anyRank);

/** Scale and shift as the spelling has them: without what it cannot have, with ones where it must have a scale. */
export function partsFor(name: NormName, parts: NormParts): NormParts {
  const { scale, shift } = normSpelling(name);
  return {
    ...parts,
    scale: scale === 'never' ? undefined : scale === 'always' ? (parts.scale ?? parts.ones) : parts.scale,
    shift: shift === 'never' ? undefined : shift === 'always' ? (parts.shift ?? zeros(parts)) : parts.shift,
  };
}

function zeros({ ones }: NormParts): Weight {
  return ones.map(`${ones.name}.zero`, () => 0);
}
