import type { Analysis } from '@snp/graph';
import { type DataType, type Model, SnpError, Tensor, type Value } from '@snp/onnx';
import { type Runtime, tensorInputs, tokenInputs } from '@snp/runtime';
import { prepare } from '../context/prepare.js';
import { cut } from '../surgery/cut.js';
import { compareVocabularies } from './compareVocabularies.js';
import { type TokenReaders, tokenReaders } from './tokenReaders.js';

/** Options of `keepVocabulary`. */
export interface KeepVocabularyOptions {
  /** Where the proof runs. Without one nothing is proven. */
  runtime?: Runtime | undefined;
  signal?: AbortSignal | undefined;
}

/** A model with fewer tokens. */
export interface KeptVocabulary {
  model: Model;
  /** Tokens before. */
  before: number;
  /** Tokens that stay, by their numbers before, ascending: the new number of each is its place. */
  kept: readonly number[];
  /** Tables that lost rows, and outputs that lost scores. */
  tables: readonly string[];
  outputs: readonly string[];
  /** Largest relative difference to the original's answers for tokens that stay; undefined where nothing was proven. */
  difference: number | undefined;
}

/**
 * Takes tokens out of a language model: their rows in tables, and their scores in outputs. The others keep their order and get the numbers from 0 on; what the model says of them stays the same, which is proven by running both.
 *
 * @param ids Numbers of the tokens that stay.
 * @throws SnpError `invalid-argument` for numbers that are no tokens of the model; `unsupported` where something else reads token numbers, or the result does not equal the original.
 * @example
 * const { model: smaller, kept } = await keepVocabulary(model, [0, 1, 2, 17, 44], { runtime });
 */
export async function keepVocabulary(
  model: Model,
  ids: readonly number[],
  { runtime, signal }: KeepVocabularyOptions = {},
): Promise<KeptVocabulary> {
  const analysis = prepare(model, { allowNothing: true });
  const inputs = tokenInputs(tensorInputs(analysis.model)).map(({ name }) => name);
  if (inputs.length === 0)
    throw new SnpError('unsupported', 'The model has no input for tokens, such as input_ids: it has no vocabulary.');
  const readers = tokenReaders(analysis.model, inputs);
  const before = sizeOf(readers);
  const kept = checked(ids, before);
  const outputs = scoresOf(analysis, before);
  // What was prepared is a copy.
  const { model: narrow } = analysis;
  cut(analysis, leaving(analysis, { readers, outputs, kept, before }));
  restate(narrow, readers, kept);
  const names = outputs.map(({ name }) => name);
  const difference = runtime && (await compareVocabularies([model, narrow], { kept, outputs: names, runtime, signal }));
  return { model: narrow, before, kept, tables: readers.tables.map(({ name }) => name), outputs: names, difference };
}

/** Rows of the tables that tokens look up. */
function sizeOf({ tables }: TokenReaders): number {
  const sizes = new Set(tables.map(({ tensor }) => tensor!.dims[0]));
  const [size] = sizes;
  if (size === undefined) throw new SnpError('unsupported', 'The model looks up no table of numbers by its tokens.');
  if (sizes.size > 1)
    throw new SnpError(
      'unsupported',
      `The model has tables of different vocabularies: ${[...sizes].join(' and ')} tokens.`,
    );
  return size;
}

function checked(ids: readonly number[], size: number): number[] {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= size);
  if (wrong !== undefined)
    throw new SnpError('invalid-argument', `There is no token ${wrong}: the model has tokens from 0 to ${size - 1}.`);
  if (ids.length === 0) throw new SnpError('invalid-argument', 'No token would stay.');
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Outputs with a score for each token, on their last axis. */
function scoresOf({ model, shapes }: Analysis, size: number): Value[] {
  return model.graph.outputs.filter((output) => shapes.shape(output)?.at(-1) === size);
}

/** Tells the labels that leave. */
function leaving(
  { walk }: Analysis,
  {
    readers,
    outputs,
    kept,
    before,
  }: { readers: TokenReaders; outputs: readonly Value[]; kept: readonly number[]; before: number },
): (label: number) => boolean {
  const rows = [
    ...readers.tables.flatMap((table) => {
      const slots = walk.labels.slotsIn(table).filter(({ axis, size }) => axis === 0 && size === before);
      return slots.map(({ first }) => Array.from({ length: before }, (_, at) => first + at));
    }),
    ...outputs.map((output) => {
      const layout = walk.layouts.get(output);
      const field = layout?.fields.find(
        ({ factors }) => factors.length === 1 && layout.axes.at(-1)?.[0] === factors[0],
      );
      if (field?.labels.length !== before)
        throw new SnpError(
          'unsupported',
          `The vocabulary stays: scores in '${output.name}' cannot be followed to the weights that give them.`,
        );
      return [...field.labels];
    }),
  ];
  const stays = new Set(kept);
  const { labels } = walk;
  const [staying, gone] = [true, false].map(
    (which) =>
      new Set(rows.flatMap((own) => own.filter((_, id) => stays.has(id) === which).map((label) => labels.find(label)))),
  );
  if ([...gone].some((label) => staying.has(label)))
    throw new SnpError('unsupported', 'The vocabulary stays: several tokens share what the model holds of them.');
  return (label) => gone.has(labels.find(label));
}

/** Comparisons are with the new number of their token; with none where it left. */
function restate({ graph }: Model, { comparisons }: TokenReaders, kept: readonly number[]): void {
  for (const { node, index } of comparisons) {
    const tensor = node.inputs[index]!.tensor!;
    const { dataType, dims } = tensor;
    const at = kept.indexOf(Number(tensor.numbers()[0]));
    node.setInput(index, graph.addInitializer('token', numberOf(dataType, dims, at)));
  }
}

function numberOf(type: DataType, dims: readonly number[], number: number): Tensor {
  if (type === 'INT64') return Tensor.int64(dims, [number]);
  return type === 'INT32' ? Tensor.of(type, dims, Int32Array.of(number)) : Tensor.fromNumbers(type, dims, [number]);
}
