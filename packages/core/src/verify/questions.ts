import { type Model, type ShapeInfo, SnpError } from '@snp/onnx';
import { batches, type Calibration, type Feeds, type Session } from '@snp/runtime';
import { firstSamples } from '../data/firstSamples.js';
import { findInputs } from './inputs/findInputs.js';
import { randomFeeds } from './inputs/randomFeeds.js';
import { saysSomething } from './saysSomething.js';

/** Inputs, and what the original answers to them. */
export interface Question {
  feeds: Feeds;
  answers: Feeds;
}

/** Options of `questionsFor`. */
export interface QuestionOptions {
  /** Inputs to take the first ones of. Default: two batches of random numbers. */
  data?: Calibration | undefined;
  /** Sizes of free dimensions of random inputs, by name. */
  dims?: Readonly<Record<string, number>> | undefined;
  /** Most samples to take from `data`. */
  limit: number;
  seed: number;
  signal?: AbortSignal | undefined;
}

/** Samples of data that run together. */
const AT_ONCE = 4;

/**
 * Inputs to compare models on, with what the original answers. Random ones come in two batches, of one sample and of two where the model takes so many; masks then leave
 * something out.
 */
export async function questionsFor(
  model: Model,
  shapes: ShapeInfo,
  session: Session,
  { data, dims, limit, seed, signal }: QuestionOptions,
): Promise<Question[]> {
  const run = (feeds: Feeds) => session.run(feeds, { signal });
  const questions: Question[] = [];
  if (data) {
    const free = session.inputs.every(({ dims: [first] }) => first === undefined || typeof first === 'string');
    let taken = 0;
    for await (const { feeds, samples } of batches(
      firstSamples(data, limit).samples(signal),
      free ? AT_ONCE : 1,
      session.inputs,
    )) {
      questions.push({ feeds, answers: await run(feeds) });
      taken += samples.length;
      if (taken >= limit) break;
    }
    return questions;
  }
  const { feeds, answers, sizes, fill } = await findInputs(model, shapes, run, { seed, batch: 1, dims });
  questions.push({ feeds, answers });
  const further = [
    { batch: 2, fill: { ...fill, masks: 'some', switches: false } as const },
    { batch: 2, fill },
    { batch: 1, fill },
  ];
  for (const { batch, fill: own } of further) {
    const other = randomFeeds(model, shapes, { seed: seed + 1, batch, dims: sizes, fill: own });
    const theirs = await run(other).catch((error) => {
      if (error instanceof SnpError && error.code === 'runtime' && !signal?.aborted) return undefined;
      throw error;
    });
    if (!theirs || !saysSomething(theirs)) continue;
    questions.push({ feeds: other, answers: theirs });
    break;
  }
  return questions;
}
