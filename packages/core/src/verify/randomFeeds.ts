import { evaluateDim, type Model, type Node, type ShapeInfo, SnpError, symbolsOf, Tensor, type Value } from '@snp/onnx';
import type { Feeds, RuntimeData, RuntimeTensor } from '@snp/runtime';
import { uniformNumbers } from '@snp/score';

/** Sizes for dimensions that a model leaves open. */
export interface RandomFeedsOptions {
  seed: number;
  /** First dimension of every input, where it is free. */
  batch: number;
  /** Any other free dimension. Default 16. */
  other?: number;
  /** Sizes of free dimensions by their names; these go before `batch` and `other`. */
  dims?: Readonly<Record<string, number>>;
}

/**
 * Random inputs for a model: normal numbers; for whole numbers, indices that every table they look up has; ones for masks
 * and other whole numbers that look up nothing.
 */
export function randomFeeds(model: Model, shapes: ShapeInfo, options: RandomFeedsOptions): Feeds {
  const next = uniformNumbers(options.seed);
  const sizes = freeSizes(model, shapes, options);
  return Object.fromEntries(
    inputsOf(model).map((input) => {
      const shape = shapes.shape(input);
      if (!shape)
        throw new SnpError('unsupported', `Input '${input.name}' has no stated shape; give real inputs with --data.`, {
          value: input.name,
        });
      const dims = shape.map((dim) => evaluateDim(dim, sizes));
      return [input.name, randomTensor(input, dims, next)];
    }),
  );
}

/** Sizes for the dimensions that a model's inputs leave open, by name: the first one of each is its batch. */
export function freeSizes(
  model: Model,
  shapes: ShapeInfo,
  { batch, other = 16, dims }: Omit<RandomFeedsOptions, 'seed'>,
): Record<string, number> {
  const sizes: Record<string, number> = { ...dims };
  const all = inputsOf(model).map((input) => shapes.shape(input) ?? []);
  for (const [first] of all) if (first !== undefined) for (const { name } of symbolsOf(first)) sizes[name] ??= batch;
  for (const dim of all.flat()) for (const { name } of symbolsOf(dim)) sizes[name] ??= other;
  return sizes;
}

function inputsOf(model: Model): Value[] {
  return model.graph.inputs.filter((input) => !input.tensor);
}

function randomTensor(input: Value, dims: number[], next: () => number): RuntimeTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const type = input.type?.elementType ?? 'FLOAT';
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const rows = tableRows(input);
  const whole = () => (rows === undefined ? 1 : Math.floor(next() * rows));
  const fill = (make: () => number) => Array.from({ length: size }, make);
  if (type === 'FLOAT') return { type, dims, data: Float32Array.from(fill(normal)) };
  if (type === 'FLOAT16' || type === 'DOUBLE')
    return { type, dims, data: Tensor.fromNumbers(type, dims, fill(normal)).array() as RuntimeData };
  if (type === 'INT64') return { type, dims, data: BigInt64Array.from(fill(whole), BigInt) };
  if (type in WHOLE) return { type, dims, data: WHOLE[type as keyof typeof WHOLE].from(fill(whole)) };
  throw new SnpError(
    'unsupported',
    `Input '${input.name}' has type ${type}, for which no random numbers are made; give real inputs with --data.`,
    { value: input.name },
  );
}

const WHOLE = {
  INT32: Int32Array,
  INT16: Int16Array,
  INT8: Int8Array,
  UINT32: Uint32Array,
  UINT16: Uint16Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Rows of the smallest table that the input looks up, if it looks up any. */
function tableRows(input: Value): number | undefined {
  const tables = [...input.uses].flatMap(({ node, index }) =>
    tableOf(node, index)?.tensor ? [tableOf(node, index)!.tensor!.dims[node.int('axis', 0)]] : [],
  );
  return tables.length > 0 ? Math.min(...tables) : undefined;
}

/** What input `index` of a node looks up rows of. */
function tableOf(node: Node, index: number): Value | undefined {
  if (node.opType === 'Gather' && index === 1) return node.inputs[0];
  if (node.op !== 'com.microsoft.EmbedLayerNormalization') return undefined;
  return { 0: node.inputs[2], 1: node.inputs[4], 8: node.inputs[3] }[index];
}
