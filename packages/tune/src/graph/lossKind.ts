import type { FileDim, Value } from '@snp/onnx';

/**
 * How far answers are from the teacher's:
 * - `divergence`: Kullback-Leibler divergence of softmax, in nats, of each row of scores along the last axis
 * - `error`: squared error, as a share of the variance of the teacher's answers
 */
export type LossKind = 'divergence' | 'error';

/** Words in names of outputs that are scores, and of those that are not. */
const SCORES = /logit|score|prob|class|label/i;
const FEATURES = /embed|hidden|pool|feature|state|encod|repr|token_?s$/i;

/** Operators whose outputs are features. */
const NORMS = /Norm(alization)?$/;

/** The loss of an output where nobody says it: by its name, or else by its shape and what makes it. Rows of scores of samples or of their tokens are class scores; the rest is numbers. */
export function lossKindOf({ name, type, producer }: Value): LossKind {
  const shape: readonly FileDim[] | undefined = type?.shape;
  if (shape && (shape.length < 2 || shape.at(-1) === 1)) return 'error';
  if (SCORES.test(name)) return 'divergence';
  if (FEATURES.test(name) || NORMS.test(producer?.opType ?? '')) return 'error';
  return shape && shape.length > 3 ? 'error' : 'divergence';
}
