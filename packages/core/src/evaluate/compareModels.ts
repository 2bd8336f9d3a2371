import type { Model } from '@snp/onnx';
import { answerOutputs, type Session } from '@snp/runtime';
import { type AnswerOptions, addAnswers, answersIn } from './answers.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';
import { sideBySide } from './sideBySide.js';

/**
 * How alike two models answer the same samples, without labels: every row along the last axis of every output that holds answers (`answerOutputs`) counts as
 * one, such as one token. Padding that a mask tells of does not count.
 */
export async function compareModels(
  first: Model | string,
  second: Model | string,
  options: AnswerOptions,
): Promise<Fidelity> {
  let meter: FidelityMeter | undefined;
  const answers = ({ outputs }: Session) => answerOutputs(outputs, options.answers);
  const names = (session: Session) => answers(session).names;
  await sideBySide([first, second], options, names, (outputs, batch, [session]) => {
    meter ??= new FidelityMeter(answers(session).kind);
    const [before, after] = outputs.map((own) => answersIn(own, batch));
    addAnswers(before, after, meter);
  });
  return (meter ?? new FidelityMeter()).result;
}
