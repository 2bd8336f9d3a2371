// All that runs wherever JavaScript does: `index.ts` adds what needs Node, `browser.ts` what stands for it in a browser.
export { type Batch, batches } from './calibration/batches.js';
export type { Calibration, FollowingTokens, Sample, Skipped } from './calibration/calibration.js';
export { checkSample } from './calibration/checkSample.js';
export { derivedCalibration } from './calibration/derivedCalibration.js';
export { type RunPlan, runPlan } from './calibration/runPlan.js';
export type { Drawing, Selection } from './calibration/selection.js';
export { type Shard, shardOf } from './calibration/shard.js';
export { type FeedSource, tensors } from './calibration/tensors.js';
export { type NarrowedTokenizer, narrowTokenizer, type TokenizerJson } from './calibration/texts/narrowTokenizer.js';
export { isEncoded, isPast, type PastTokens, textFeeds, tokenInputs } from './calibration/texts/textFeeds.js';
export { wholeRuns } from './calibration/wholeRuns.js';
export { Hash } from './hash.js';
export { invertLower, invertPositive, lowerFactor, solvePositive } from './linalg/cholesky.js';
export { gramFactor } from './linalg/gramFactor.js';
export { type Svd, svd } from './linalg/svd.js';
export { type SymmetricEigen, symmetricEigen, symmetricValues } from './linalg/symmetricEigen.js';
export { squareOf, triangleAt, triangleLength } from './linalg/triangle.js';
export { ANSWER_KINDS, type AnswerKind, type AnswerOutputs, answerOutputs } from './session/answerOutputs.js';
export { floatsOf } from './session/floatsOf.js';
export { isRefusal } from './session/isRefusal.js';
export { ONNX_RUNTIME_DEFAULTS, type OnnxRuntime, type OnnxRuntimeOptions } from './session/onnxRuntimeOptions.js';
export type { Ort, OrtMetadata, OrtSession, OrtSessionOptions, OrtTensor } from './session/ort.js';
export type { SessionSettings } from './session/protocol.js';
export type {
  Feeds,
  Footprint,
  HoldingRunOptions,
  HoldingRuntime,
  HoldingSession,
  MeasuredSession,
  Moments,
  RunOptions,
  Runtime,
  RuntimeData,
  RuntimeTensor,
  Session,
  TensorInfo,
} from './session/runtime.js';
export { tensorInputs } from './session/tensorInputs.js';
export { type WebRuntimeOptions, webRuntime } from './session/webRuntime.js';
export { TapBuilder } from './taps/build.js';
export { crossTap } from './taps/crossTap.js';
export { type GramAxes, gramTap } from './taps/gramTap.js';
export { momentsTap } from './taps/momentsTap.js';
export { type RowsAxes, rowsTap } from './taps/rowsTap.js';
export {
  DEFAULT_BATCH_SIZE,
  type OnBatch,
  type RunSamplesOptions,
  type RunTappedOptions,
  runSamples,
  runTapped,
} from './taps/runTapped.js';
export { pickTokensEarly } from './taps/selectRows.js';
export { addTaps, type Tap } from './taps/tap.js';
export { throwIfAborted } from './throwIfAborted.js';
export { uniformNumbers } from './uniformNumbers.js';
