export { ATTENTION_INSTANCES } from './attention/attentionInstances.js';
export { AttentionModel } from './attention/attentionModel.js';
export type { BlockWidths } from './build/blockWidths.js';
export type { GeluForm } from './build/gelu.js';
export { GraphBuilder, type GraphBuilderOptions } from './build/graphBuilder.js';
export type { NormForm } from './build/layerNorm.js';
export { INSTANCES as OPERATOR_INSTANCES } from './conformance/operators.js';
export { Sampler } from './conformance/sampler.js';
export { buildEncoder } from './encoder/buildEncoder.js';
export { ENCODER_DEFAULTS, type EncoderOptions } from './encoder/encoderOptions.js';
export type { Feed, Feeds } from './feeds.js';
export { type InputSpec, type InputsOptions, inputs, type SharedModel, sharedModels } from './inputs.js';
export { buildLlama, type LlamaOptions } from './llama/buildLlama.js';
export { normals, type Random, random } from './random.js';
export { relativeError } from './relativeError.js';
export { retyped } from './retyped.js';
export { type Run, runModel, withSession } from './runModel.js';
export { buildMergedDecoder } from './seq2seq/buildMergedDecoder.js';
export { buildSeq2seq, type Seq2seqOptions, type Seq2seqPart } from './seq2seq/buildSeq2seq.js';
export { sharedFolder } from './sharedFolder.js';
export { ACTIVATIONS, type ActivationName, activationSpelling } from './spellings/activations.js';
export { ATTENTION_OPERATORS, type AttentionOperator, attentionOperator } from './spellings/attentionOperators.js';
export type { AttentionSpec } from './spellings/attentionSpec.js';
export { buildSpelled, type Spelled, spelledFeeds } from './spellings/buildSpelled.js';
export { CACHES } from './spellings/caches.js';
export { whyClosed } from './spellings/closedWidths.js';
export { CONTROLS, controlSpelling } from './spellings/controls.js';
export { CORES } from './spellings/cores.js';
export { FFNS, type FfnSpec, ffnSpelling } from './spellings/ffns.js';
export { HEAD_REPEATS } from './spellings/headRepeats.js';
export { LINEAR_ATTENTIONS, linearAttention } from './spellings/linearAttentions.js';
export { LINEARS, type LinearName } from './spellings/linears.js';
export { MASKS, maskSpelling } from './spellings/masks.js';
export { HEAD_NORMS, NORMS, type NormName, normSpelling } from './spellings/norms.js';
export { keptNumbers, narrowedPort, type Port } from './spellings/ports.js';
export { PROJECTIONS, projectionSpelling } from './spellings/projections.js';
export { referenceSpelled } from './spellings/reference/referenceSpelled.js';
export { removalOf, type StoredSlice } from './spellings/removalOf.js';
export { ROTARIES, rotarySpelling } from './spellings/rotaries.js';
export { SCALES } from './spellings/scales.js';
export { SOFTMAXES, softmaxSpelling } from './spellings/softmaxes.js';
export {
  type BlockSpec,
  PLAIN_ATTENTION,
  PLAIN_FFN,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  type SpelledSpec,
} from './spellings/spelledSpec.js';
export { type AxisUnits, isGone, Weight } from './spellings/weight.js';
export { WINDOWS } from './spellings/windows.js';
export { buildTransformer, transformerFeeds } from './transformer/buildTransformer.js';
export { PLAIN_BLOCK, type TransformerBlock, type TransformerOptions } from './transformer/transformerOptions.js';
export { buildVit } from './vit/buildVit.js';
export { DEIT_BASE, DEIT_SMALL, DEIT_TINY } from './vit/deitSizes.js';
export { VIT_DEFAULTS, type VitOptions, type VitSize } from './vit/vitOptions.js';
