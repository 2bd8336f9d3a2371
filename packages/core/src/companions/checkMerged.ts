import { inferShapes, type Model, SnpError, Tensor, type Value } from '@snp/onnx';
import type { Runtime, RuntimeData, RuntimeTensor } from '@snp/runtime';
import { AnswerCheck } from '../verify/answerCheck.js';
import { questionsFor } from '../verify/questions.js';
import { computedIn, TOLERANCES } from '../verify/tolerance.js';
import { VERIFY_DEFAULTS } from '../verify/verify.js';

/** Where models run. */
export interface CheckOptions {
  runtime: Runtime;
  dims?: Readonly<Record<string, number>> | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Runs two models that are in one file, by themselves and there, on random inputs.
 *
 * @param models What runs where the input that chooses is false, and where it is true.
 * @throws SnpError `unsupported` if they answer otherwise in the file.
 */
export async function checkMerged(
  whole: Model,
  models: readonly [Model, Model],
  choice: string,
  { runtime, dims, signal }: CheckOptions,
): Promise<void> {
  const session = await runtime.open(whole, { signal });
  try {
    for (const [taken, model] of models.entries()) {
      const shapes = inferShapes(model);
      const own = await runtime.open(model, { signal });
      const check = new AnswerCheck();
      try {
        const asked = { dims, signal, limit: 2, seed: VERIFY_DEFAULTS.seed };
        for (const { feeds, answers } of await questionsFor(model, shapes, own, asked)) {
          const others = whole.graph.inputs.filter(({ name }) => !(name in feeds));
          const idle = Object.fromEntries(others.map((input) => [input.name, idleFeed(input)]));
          const chosen = { ...idle[choice], data: Uint8Array.of(taken) } as RuntimeTensor;
          const fetches = Object.keys(answers);
          const found = await session.run({ ...idle, [choice]: chosen, ...feeds }, { fetches, signal });
          check.add(answers, Object.fromEntries(fetches.map((output) => [output, found[output]])));
        }
      } finally {
        await own.close();
      }
      if (!(check.difference <= TOLERANCES[computedIn(model, shapes)]) || check.wholesDiffer)
        throw new SnpError(
          'unsupported',
          `Nothing was written: what runs where '${choice}' is ${taken === 1} answers otherwise in one file than by itself (by ${check.difference.toPrecision(2)} of the largest).`,
          { value: choice },
        );
    }
  } finally {
    await session.close();
  }
}

/** Zeros for an input that is not read; one of each where the size is free. */
function idleFeed({ type }: Value): RuntimeTensor {
  const dims = (type?.shape ?? []).map((size) => (typeof size === 'number' && size > 0 ? size : 1));
  const length = dims.reduce((product, size) => product * size, 1);
  const elementType = type?.elementType ?? 'FLOAT';
  if (elementType === 'BOOL') return { type: elementType, dims, data: new Uint8Array(length) };
  const zeros = Tensor.fromNumbers(elementType, dims, new Float64Array(length));
  return { type: elementType, dims, data: zeros.array() as RuntimeData };
}
