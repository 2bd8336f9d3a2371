import { inferShapes, type Model, SnpError } from '@snp/onnx';
import { floatsOf, type Runtime, type RuntimeTensor, textFeeds, tokenInputs } from '@snp/runtime';
import { uniformNumbers } from '@snp/score';
import { computedIn, TOLERANCES } from '../verify/tolerance.js';

/** Texts that are tried, and tokens of each where the model does not say how many. */
const TEXTS = 4;
const TOKENS = 24;

/** What is compared. */
export interface VocabularyComparison {
  /** Tokens that stay, by their numbers in the first model. */
  kept: readonly number[];
  /** Outputs with a score for each token. */
  outputs: readonly string[];
  runtime: Runtime;
  signal: AbortSignal | undefined;
}

/**
 * Runs a model with all tokens and one with some on the same texts of random tokens.
 *
 * @returns The largest difference of an answer, as a share of the largest.
 * @throws SnpError `unsupported` if it is more than rounding explains.
 */
export async function compareVocabularies(
  models: readonly [Model, Model],
  { kept, outputs, runtime, signal }: VocabularyComparison,
): Promise<number> {
  const sessions = [];
  try {
    for (const model of models) sessions.push(await runtime.open(model, { signal }));
    const draw = uniformNumbers(1);
    let difference = 0;
    let compared = 0;
    for (let text = 0; text < TEXTS; text++) {
      const length = tokenInputs(sessions[0].inputs)[0].dims[1];
      const places = Array.from({ length: typeof length === 'number' ? length : TOKENS }, () =>
        Math.floor(draw() * kept.length),
      );
      const ids = [places.map((place) => kept[place]), places];
      const answers = [];
      for (const [at, session] of sessions.entries())
        answers.push(await session.run(textFeeds(ids[at], session.inputs), { signal }));
      for (const [name, after] of Object.entries(answers[1])) {
        const before = floatsOf(answers[0][name]);
        const own = floatsOf(after);
        if (!before || !own) continue;
        compared++;
        const wanted = outputs.includes(name) ? scores(answers[0][name], before, kept) : before;
        difference = Math.max(difference, relative(wanted, own));
      }
    }
    if (compared === 0)
      throw new SnpError(
        'unsupported',
        'The model gives no numbers by which to prove that the result is right; nothing was written.',
      );
    const tolerance = TOLERANCES[computedIn(models[0], inferShapes(models[0]))];
    if (difference <= tolerance) return difference;
    throw new SnpError(
      'unsupported',
      `With fewer tokens the model does not say the same of those that stay (largest difference ${difference.toExponential(1)}, tolerance ${tolerance}); nothing was written.`,
    );
  } finally {
    for (const session of sessions) await session.close();
  }
}

/** Those of the tokens that stay. */
function scores({ dims }: RuntimeTensor, all: ArrayLike<number>, kept: readonly number[]): Float64Array {
  const size = dims.at(-1)!;
  const rows = all.length / size;
  return Float64Array.from(
    { length: rows * kept.length },
    (_, at) => all[Math.floor(at / kept.length) * size + kept[at % kept.length]],
  );
}

function relative(want: ArrayLike<number>, got: ArrayLike<number>): number {
  if (want.length !== got.length) return Number.POSITIVE_INFINITY;
  let [largest, difference] = [0, 0];
  for (let at = 0; at < want.length; at++) {
    // Scores that are ruled out are infinite in both.
    if (want[at] === got[at]) continue;
    largest = Math.max(largest, Math.abs(want[at]));
    difference = Math.max(difference, Math.abs(want[at] - got[at]));
  }
  return largest > 0 ? difference / largest : difference;
}
