export type { Feed, Feeds } from './feeds.js';
export { type InputSpec, type InputsOptions, inputs, type SharedModel, sharedModels } from './inputs.js';
export { normals, type Random, random } from './random.js';
export { relativeError } from './relativeError.js';
export { runModel } from './runModel.js';
export { sharedFolder } from './sharedFolder.js';
