export { BLOCK_PRUNING_DEFAULTS, type BlockPruningOptions, blockPruning } from './blockPruning.js';
export type { BlockUnit } from './blockUnit.js';
export { type BlockCriterionName, blockCriterion, blockCriterionNames } from './criteria/byName.js';
export { similarity } from './criteria/similarity.js';

import { blockPruning } from './blockPruning.js';

/** As `--plugin @snp/plugin-block` loads it: with its defaults. */
export default blockPruning();
