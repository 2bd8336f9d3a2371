import type { Model } from '@snp/onnx';
import { batches, DEFAULT_BATCH_SIZE, type Feeds, type Session } from '@snp/runtime';
import { answerOutputs } from './answerOutputs.js';
import { type AnswerOptions, addAnswers, answersIn } from './answers.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';

/**
 * How alike two models answer the same samples, without labels: every row of scores along the last axis of every output counts as
 * one answer, such as one token. Past keys and values are no answers.
 */
export async function compareModels(
  first: Model | string,
  second: Model | string,
  { runtime, data, batchSize = DEFAULT_BATCH_SIZE, signal, onProgress }: AnswerOptions,
): Promise<Fidelity> {
  const meter = new FidelityMeter();
  const sessions: Session[] = [];
  try {
    for (const model of [first, second]) sessions.push(await runtime.open(model, { signal }));
    let done = 0;
    for await (const { feeds, samples, size } of batches(data.samples(signal), batchSize, sessions[0].inputs)) {
      const found: Feeds[] = [];
      for (const session of sessions)
        found.push(await session.run(feeds, { fetches: answerOutputs(session.outputs), signal }));
      const [before, after] = found.map((outputs) => answersIn(outputs, { count: samples.length, size }));
      addAnswers(before, after, meter);
      done += samples.length;
      onProgress?.(done, data.count);
    }
  } finally {
    for (const session of sessions) await session.close();
  }
  return meter.result;
}
