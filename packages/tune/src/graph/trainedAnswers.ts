import { type Model, SnpError, type Value } from '@snp/onnx';
import { answerOutputs } from '@snp/runtime';
import { type LossKind, lossKindOf } from './lossKind.js';

/** The loss of each output of float32 numbers that is an answer. */
export function lossesOf({ graph }: Model, given: Readonly<Record<string, LossKind>> = {}): Record<string, LossKind> {
  const byName = new Map(graph.outputs.map((output) => [output.name, output]));
  const unknown = Object.keys(given).find((name) => !byName.has(name));
  if (unknown !== undefined)
    throw new SnpError(
      'invalid-argument',
      `The model has no output '${unknown}' that could have a loss. It has ${[...byName.keys()].join(', ')}.`,
    );
  const typed = graph.outputs.map(({ name, type }) => ({ name, type: type?.elementType }));
  const { kind, names } = answerOutputs(typed);
  const answers = names.map((name) => byName.get(name)!);
  const trained = answers.filter(({ type }) => type?.elementType === 'FLOAT');
  if (trained.length === 0)
    throw new SnpError(
      'unsupported',
      `The model gives no float32 numbers that could be compared with its teacher's (${answers.map(typeOf).join(', ')}). Tune it in float32, and convert it afterwards.`,
    );
  return Object.fromEntries(trained.map((output) => [output.name, given[output.name] ?? lossKindOf(output, kind)]));
}

const typeOf = ({ name, type }: Value) => `'${name}': ${type?.elementType ?? 'no tensor'}`;

/** The output whose classes labels name. */
export function labelledOutput({ graph }: Model, losses: Readonly<Record<string, LossKind>>): string {
  const scores = graph.outputs.filter(({ name, type }) => losses[name] === 'divergence' && type?.shape?.length === 2);
  if (scores.length === 1) return scores[0].name;
  throw new SnpError(
    'unsupported',
    `Labels are classes, and need one output of scores [samples, classes]; the model has ${scores.length === 0 ? 'none' : scores.map(({ name }) => name).join(', ')}.`,
  );
}

/** How many classes an output scores; undefined where the model does not say. */
export function classesOf({ graph }: Model, output: string): number | undefined {
  const classes = graph.value(output).type?.shape?.at(-1);
  return typeof classes === 'number' ? classes : undefined;
}
