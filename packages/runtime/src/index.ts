export { type ArraysOptions, arrays } from './calibration/arrays.js';
export { type Batch, batches } from './calibration/batches.js';
export type { Calibration, Sample, Skipped } from './calibration/calibration.js';
export { checkSample } from './calibration/checkSample.js';
export { type ImagesOptions, images } from './calibration/images.js';
export { type OpenCalibrationOptions, openCalibration } from './calibration/openCalibration.js';
export { type Preprocess, type PreprocessName, resolvePreprocess } from './calibration/preprocess.js';
export type { Selection } from './calibration/selection.js';
export { type Shard, shardOf } from './calibration/shard.js';
export { type FeedSource, tensors } from './calibration/tensors.js';
export { invertPositive, lowerFactor, solvePositive } from './linalg/cholesky.js';
export { gramFactor } from './linalg/gramFactor.js';
export { type Svd, svd } from './linalg/svd.js';
export { type SymmetricEigen, symmetricEigen } from './linalg/symmetricEigen.js';
export {
  ONNX_RUNTIME_DEFAULTS,
  type OnnxRuntime,
  type OnnxRuntimeOptions,
  onnxRuntime,
} from './session/onnxRuntime.js';
export type {
  Feeds,
  Footprint,
  MeasuredSession,
  RunOptions,
  Runtime,
  RuntimeData,
  RuntimeTensor,
  Session,
  TensorInfo,
} from './session/runtime.js';
export { type GramAxes, gramTap } from './taps/gramTap.js';
export { headMomentsTap } from './taps/headMomentsTap.js';
export { momentsTap } from './taps/momentsTap.js';
export {
  DEFAULT_BATCH_SIZE,
  type RunSamplesOptions,
  type RunTappedOptions,
  runSamples,
  runTapped,
} from './taps/runTapped.js';
export { type SecondMomentsAxes, secondMomentsOf, secondMomentsTap } from './taps/secondMomentsTap.js';
export { addTaps, type Tap } from './taps/tap.js';
