import { LAYER_NORMS } from './layerNorms.js';
import type { NormSpelling } from './normSpelling.js';
import { OTHER_NORMS } from './otherNorms.js';
import { RMS_NORMS } from './rmsNorms.js';

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
