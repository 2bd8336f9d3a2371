import type { Model } from '@snp/onnx';
import { answerOutputs, type Session } from '@snp/runtime';
import { type AnswerOptions, addAnswers, answersIn } from './answers.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';
import { sideBySide } from './sideBySide.js';

/**
 * How alike two models answer the same samples, without labels: every row of scores along the last axis of every output counts as
 * one answer, such as one token. Past keys and values are no answers.
 */
export async function compareModels(
  first: Model | string,
  second: Model | string,
  options: AnswerOptions,
): Promise<Fidelity> {
  const meter = new FidelityMeter();
  const answers = ({ outputs }: Session) => answerOutputs(outputs);
  await sideBySide([first, second], options, answers, (outputs, { samples, size }) => {
    const [before, after] = outputs.map((own) => answersIn(own, { count: samples.length, size }));
    addAnswers(before, after, meter);
  });
  return meter.result;
}
