import type { Model } from '@snp/onnx';
import { type AnswerOptions, compareAnswers, recordAnswers } from './answers.js';
import type { Fidelity } from './fidelity.js';

/**
 * How alike two models answer the same samples, without labels: every row of scores along the last axis of every output counts as
 * one answer.
 */
export async function compareModels(
  first: Model | string,
  second: Model | string,
  { onProgress, ...rest }: AnswerOptions,
): Promise<Fidelity> {
  const half = (part: number) => (count: number, total: number | undefined) =>
    onProgress?.(count + (part && total ? total : 0), total && 2 * total);
  const answers = await recordAnswers(first, { ...rest, onProgress: half(0) });
  return compareAnswers(answers, second, { ...rest, onProgress: half(1) });
}
