import type { AttentionSpec } from './attentionSpec.js';
import type { FfnSpec } from './ffns.js';
import type { LinearName } from './linears.js';
import type { NormName } from './norms.js';
import type { WritingHabits } from './spellingWriter.js';

/** One block of a spelled model. */
export interface BlockSpec {
  readonly attention: AttentionSpec;
  readonly ffn: FfnSpec;
  readonly norm: NormName;
  readonly normScale: boolean;
  readonly normShift: boolean;
  /** Norms before the branches, after the sums, on both sides of the branches, or one for both branches side by side. */
  readonly order: 'pre' | 'post' | 'sandwich' | 'parallel';
  readonly layerScale: boolean;
  /** Which branches there are. */
  readonly branches: 'both' | 'attention' | 'ffn';
}

/** A Transformer and how every piece of it is written. */
export interface SpelledSpec extends WritingHabits {
  /** Width of the residual stream. */
  readonly width: number;
  readonly blocks: readonly BlockSpec[];
  /** All blocks read the weights of the first, and are written alike (ALBERT). */
  readonly repeated: boolean;
  /** Numbers, token ids, or an image: its patches behind a class token, or a stem of convolutions, without or with BatchNormalization. */
  readonly input: 'features' | 'ids' | 'patches' | 'stem' | 'stem-normed';
  readonly head: HeadName;
  readonly headLinear: LinearName;
  /** Further outputs behind every block: the stream, or what the head makes of it. */
  readonly exits: 'none' | 'streams' | 'logits';
  /**
   * One stack of blocks; an encoder whose answers all blocks of a decoder look at; or two stacks whose pooled answers are
   * compared (CLIP, Radford et al., arXiv 2103.00020).
   */
  readonly graph: 'stack' | 'encoder-decoder' | 'two-towers';
}

/** What becomes of the stream at the end. */
type HeadName = 'logits' | 'stream' | 'tied' | 'mean' | 'first' | 'attention-pool' | 'several';

/** An attention in its plainest form. */
export const PLAIN_ATTENTION: AttentionSpec = {
  heads: 2,
  keyHeads: 2,
  queryKey: 4,
  value: 4,
  bias: true,
  projection: 'separate',
  linear: 'matmul',
  output: 'matmul',
  core: 'heads-first',
  scale: 'scores-div',
  softmax: 'operator',
  mask: 'none',
  repeat: 'expand',
  rotary: 'none',
  headNorm: 'none',
  wholeNorm: 'none',
  temperature: false,
  talking: false,
  cross: false,
  cache: 'none',
  window: 'none',
};

/** A feed-forward network in its plainest form. */
export const PLAIN_FFN: FfnSpec = {
  hidden: 9,
  bias: true,
  form: 'plain',
  activation: 'gelu-erf',
  linear: 'matmul',
  control: 'none',
};

/** A block in its plainest form. */
export const PLAIN_SPELLED_BLOCK: BlockSpec = {
  attention: PLAIN_ATTENTION,
  ffn: PLAIN_FFN,
  norm: 'layer-pow',
  normScale: true,
  normShift: true,
  order: 'pre',
  layerScale: false,
  branches: 'both',
};

/** A model in its plainest form. */
export const PLAIN_SPELLED: SpelledSpec = {
  seed: 1,
  opset: 17,
  sizes: 'constant',
  storage: 'initializer',
  float16: false,
  shared: false,
  noise: 0,
  width: 8,
  blocks: [PLAIN_SPELLED_BLOCK],
  repeated: false,
  input: 'features',
  head: 'logits',
  headLinear: 'matmul',
  exits: 'none',
  graph: 'stack',
};
