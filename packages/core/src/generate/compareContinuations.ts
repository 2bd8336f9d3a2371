import type { Model } from '@snp/onnx';
import {
  type AnswerKind,
  answerOutputs,
  type Calibration,
  isEncoded,
  type Runtime,
  type Sample,
  type Session,
  tokenInputs,
} from '@snp/runtime';
import { foretells } from '../evaluate/perplexity.js';
import { continueGreedily } from './continueGreedily.js';

/** Tokens, and their text where the tokenizer is known. */
export interface Passage {
  ids: number[];
  text?: string;
}

/** The begin of a text, and what each of two models writes behind it, always the likeliest token. */
export interface Continuation {
  prompt: Passage;
  before: Passage;
  after: Passage;
}

/** What to go on with, and where. */
export interface CompareContinuationsOptions {
  runtime: Runtime;
  data: Calibration;
  /** What the outputs are. Default: by their names. */
  answers?: AnswerKind | undefined;
  signal?: AbortSignal | undefined;
}

/** Texts that are gone on with, tokens of their begin and tokens that are written at most. */
const [TEXTS, PROMPT, WRITTEN] = [3, 16, 24];

/** Milliseconds that the first model may write, all texts together; the other writes as many tokens. */
const LIMIT_MS = 2500;

/** Lets two models write behind the begin of the first texts. Nothing where the data hold no texts, or the models foretell no tokens. */
export async function compareContinuations(
  models: readonly [before: Model, after: Model],
  { runtime, data, answers, signal }: CompareContinuationsOptions,
): Promise<Continuation[]> {
  const texts = await firstTexts(data, signal);
  if (texts.length === 0) return [];
  const sessions: Session[] = [];
  try {
    for (const model of models) sessions.push(await runtime.open(model, { signal }));
    const { kind, names } = answerOutputs(sessions[0].outputs, answers);
    const [output] = names;
    if (kind !== 'scores' || !(await foretells(sessions[0], texts[0], output))) return [];
    const passage = (ids: number[]): Passage => ({ ids, ...(data.decode && { text: data.decode(ids) }) });
    const found: Continuation[] = [];
    for (const { feeds } of texts) {
      const ids = Array.from(feeds[tokenInputs(sessions[0].inputs)[0].name].data as BigInt64Array, Number);
      const prompt = ids.slice(0, Math.min(PROMPT, Math.ceil(ids.length / 2)));
      const besides = Object.fromEntries(Object.entries(feeds).filter(([name]) => isEncoded({ name })));
      const limits = { besides, count: WRITTEN, output, limitMs: LIMIT_MS / texts.length, signal };
      const before = await continueGreedily(sessions[0], prompt, limits);
      const after = await continueGreedily(sessions[1], prompt, { besides, count: before.length, output, signal });
      found.push({ prompt: passage(prompt), before: passage(before), after: passage(after) });
    }
    return found;
  } finally {
    for (const session of sessions) await session.close();
  }
}

async function firstTexts(data: Calibration, signal: AbortSignal | undefined): Promise<Sample[]> {
  const texts: Sample[] = [];
  for await (const sample of data.samples(signal)) {
    if (sample.following) texts.push(sample);
    if (texts.length === TEXTS || !sample.following) break;
  }
  return texts;
}
