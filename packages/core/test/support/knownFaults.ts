import { PLAIN_ATTENTION, PLAIN_FFN, PLAIN_SPELLED, PLAIN_SPELLED_BLOCK, type SpelledSpec } from '@snp/testing';
import type { DrawnPlan, Examination } from './examineSpelled.js';
import { piecesOf } from './piecesOf.js';

/** A fault that the search has found and that is not yet put right: the smallest model that shows it. */
export interface KnownFault {
  readonly outcome: Examination['outcome'];
  readonly spec: SpelledSpec;
  readonly plan: DrawnPlan;
  /** Models with all of these pieces have the fault; default all that the smallest has. */
  readonly pieces?: readonly string[];
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

/** What is known to be wrong. To be emptied: a fault that no longer shows fails its test, and leaves the list. */
export const KNOWN_FAULTS: readonly KnownFault[] = [
  // N of a mean of squares stays that of the full width.
  { outcome: 'wrong', spec: plainBut({ block: { norm: 'rms-sum-of-squares' } }), plan: MIXED },
  { outcome: 'wrong', spec: plainBut({ attention: { headNorm: 'layer-sum-over-n' } }), plan: HALF },
  // Heads that leave stay in the kernel [heads, width, channels].
  { outcome: 'wrong', spec: plainBut({ attention: { output: 'einsum-heads' } }), plan: HEADS },
  // So they do where an operator groups queries.
  {
    outcome: 'load',
    spec: plainBut({
      attention: { core: 'grouped-query', heads: 4, queryKey: 8, value: 8, mask: 'causal-added' },
    }),
    plan: HEADS,
    pieces: ['core=grouped-query'],
  },
  // The masked original takes the mean over what has left, too.
  ...(['rms-rsqrt', 'rms-pow', 'rms-one-over-root', 'rms-around-one', 'rms-in-float32'] as const).map(
    (norm): KnownFault => ({
      outcome: 'masked',
      spec: plainBut({ block: { norm, normShift: false, order: 'post' } }),
      plan: HALF,
      pieces: [`norm=${norm}`, 'order=post'],
    }),
  ),
  {
    outcome: 'masked',
    spec: plainBut({ block: { normScale: false, normShift: false, order: 'post' } }),
    plan: HALF,
    pieces: ['normScale=false', 'order=post'],
  },
  {
    outcome: 'masked',
    spec: {
      ...PLAIN_SPELLED,
      blocks: [
        { ...PLAIN_SPELLED_BLOCK, order: 'post', normShift: false },
        { ...PLAIN_SPELLED_BLOCK, norm: 'layer-scale-into-root', normShift: false },
      ],
    },
    plan: HALF,
    pieces: ['norm=layer-scale-into-root', 'order=post'],
  },
  // The masked original does not load.
  {
    outcome: 'masked',
    spec: plainBut({ block: { norm: 'layer-bessel' }, model: { width: 5, float16: true } }),
    plan: HALF,
    pieces: ['norm=layer-bessel', 'float16=true'],
  },
  {
    outcome: 'masked',
    spec: plainBut({ block: { norm: 'layer-bessel-of-shape' }, model: { float16: true } }),
    plan: HALF,
  },
];

/** Whether a model holds the pieces of a fault that is known. */
export function isKnown(spec: SpelledSpec): boolean {
  const pieces = piecesOf(spec);
  return KNOWN_FAULTS.some((fault) => (fault.pieces ?? [...piecesOf(fault.spec)]).every((piece) => pieces.has(piece)));
}
