import type { FileDim, Value } from '@snp/onnx';
import type { AnswerKind } from '@snp/runtime';

/**
 * How far answers are from the teacher's:
 * - `divergence`: Kullback-Leibler divergence of softmax, in nats, of each row of scores along the last axis
 * - `error`: squared error, as a share of the variance of the teacher's answers
 */
export type LossKind = 'divergence' | 'error';

/** The loss of an output where nobody says it, by what its rows are: scores of samples or of their tokens diverge; embeddings, single numbers and maps are off by an error. */
export function lossKindOf({ type }: Value, kind: AnswerKind): LossKind {
  const shape: readonly FileDim[] | undefined = type?.shape;
  if (shape && (shape.length < 2 || shape.length > 3 || shape.at(-1) === 1)) return 'error';
  return kind === 'scores' ? 'divergence' : 'error';
}
