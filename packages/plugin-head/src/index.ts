export { type HeadCriterionName, headCriterion, headCriterionNames } from './criteria/byName.js';
export { energy } from './criteria/energy.js';
export { redundancy } from './criteria/redundancy.js';
export { HEAD_PRUNING_DEFAULTS, type HeadPruningOptions, headPruning } from './headPruning.js';

import { headPruning } from './headPruning.js';

/** As `--plugin @snp/plugin-head` loads it: with its defaults. */
export default headPruning();
