import { PLAIN_ATTENTION, PLAIN_FFN, PLAIN_SPELLED, PLAIN_SPELLED_BLOCK, type SpelledSpec } from '@snp/testing';
import type { DrawnPlan } from './examineSpelled.js';

/** A fault that the search once found: the smallest model that showed it. */
export interface FormerFault {
  readonly spec: SpelledSpec;
  readonly plan: DrawnPlan;
}

type Change = { attention?: object; ffn?: object; block?: object; model?: object };

/** The plainest model with some changes. */
function plainBut({ attention = {}, ffn = {}, block = {}, model = {} }: Change): SpelledSpec {
  const own = {
    ...PLAIN_SPELLED_BLOCK,
    ...block,
    attention: { ...PLAIN_ATTENTION, ...attention },
    ffn: { ...PLAIN_FFN, ...ffn },
  };
  return { ...PLAIN_SPELLED, blocks: [own], ...model };
}

/** Half of all neurons; three quarters of them, half of the heads and of the branches. */
const HALF: DrawnPlan = { share: 0.5, heads: 1, branches: 1, seed: 1 };
const HEADS: DrawnPlan = { share: 1, heads: 0.5, branches: 1, seed: 1 };
const MIXED: DrawnPlan = { share: 0.75, heads: 0.5, branches: 0.5, seed: 4 };

/** What was wrong, and has to stay right. */
export const FORMER_FAULTS: readonly FormerFault[] = [
  // N of a mean of squares stays that of the full width.
  { spec: plainBut({ block: { norm: 'rms-sum-of-squares' } }), plan: MIXED },
  { spec: plainBut({ attention: { headNorm: 'layer-sum-over-n' } }), plan: HALF },
  // Heads that leave stay in the kernel [heads, width, channels].
  { spec: plainBut({ attention: { output: 'einsum-heads' } }), plan: HEADS },
  // So they do where an operator groups queries.
  {
    spec: plainBut({
      attention: { core: 'grouped-query', heads: 4, queryKey: 8, value: 8, mask: 'causal-added' },
    }),
    plan: HEADS,
  },
  // The masked original takes the mean over what has left, too.
  ...(['rms-rsqrt', 'rms-pow', 'rms-one-over-root', 'rms-around-one', 'rms-in-float32'] as const).map(
    (norm): FormerFault => ({
      spec: plainBut({ block: { norm, normShift: false, order: 'post' } }),
      plan: HALF,
    }),
  ),
  {
    spec: plainBut({ block: { normScale: false, normShift: false, order: 'post' } }),
    plan: HALF,
  },
  {
    spec: {
      ...PLAIN_SPELLED,
      blocks: [
        { ...PLAIN_SPELLED_BLOCK, order: 'post', normShift: false },
        { ...PLAIN_SPELLED_BLOCK, norm: 'layer-scale-into-root', normShift: false },
      ],
    },
    plan: HALF,
  },
  // The masked original does not load.
  {
    spec: plainBut({ block: { norm: 'layer-bessel' }, model: { width: 5, float16: true } }),
    plan: HALF,
  },
  {
    spec: plainBut({ block: { norm: 'layer-bessel-of-shape' }, model: { float16: true } }),
    plan: HALF,
  },
  // Values that leave through an output stay where their attention is left out.
  {
    spec: plainBut({ attention: { output: 'einsum-heads', cache: 'concat' }, model: { width: 5, seed: 0 } }),
    plan: { share: 0.5, heads: 1, branches: 0.7, narrowCache: false, seed: 562 },
  },
  // Once made ready, the runtime takes its queries for ones that hold keys and values too, since it knows no shape of the values.
  {
    spec: plainBut({
      attention: { core: 'grouped-query', queryKey: 8, value: 8, mask: 'causal-added', headNorm: 'layer-pow' },
      block: { norm: 'all-by-operator' },
      model: { opset: 21, sizes: 'dynamo' },
    }),
    plan: HALF,
  },
  // The formulas took the least length of a row for the least root of its mean square: of these rows, some are that short.
  {
    spec: plainBut({
      attention: { bias: false, scale: 'none', softmax: 'joint-queries' },
      ffn: { hidden: 4, bias: false, activation: 'relu' },
      block: { norm: 'rms-normalize', normShift: false, order: 'sandwich' },
      model: { opset: 12, width: 5, seed: 367 },
    }),
    plan: { share: 0.5, heads: 0.5, branches: 1, seed: 637 },
  },
  // Rounding of float16 that norms enlarge was taken for a fault.
  {
    spec: plainBut({
      attention: {
        heads: 3,
        keyHeads: 3,
        queryKey: 2,
        bias: false,
        core: 'linear-relu',
        rotary: 'halves-gathered',
        headNorm: 'rms-operator',
        wholeNorm: 'affine',
      },
      ffn: { hidden: 5, bias: false, form: 'experts-stacked', activation: 'relu' },
      block: { norm: 'layer-bessel-of-shape', order: 'sandwich' },
      model: { seed: 947, opset: 23, float16: true, width: 6, input: 'ids', head: 'mean', graph: 'two-towers' },
    }),
    plan: { share: 0.75, heads: 1, branches: 1, seed: 998 },
  },
];
