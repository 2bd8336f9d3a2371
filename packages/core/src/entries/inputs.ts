// `@snp/core/inputs`: inputs that a model takes, and what a pruned model has to answer on them: the masked original, with what was removed at zero.
export { type RemovedSlice, removedSlices } from '../plan/removedSlices.js';
export { CacheForms } from '../verify/cacheForms.js';
export { type FindInputsOptions, type FoundInputs, findInputs } from '../verify/inputs/findInputs.js';
export { type FreeSizesOptions, freeSizes } from '../verify/inputs/freeSizes.js';
export { type InputsForOptions, inputsFor } from '../verify/inputs/inputsFor.js';
export { type Fill, type RandomFeedsOptions, randomFeeds } from '../verify/inputs/randomFeeds.js';
export { maskedModel } from '../verify/maskedModel.js';
