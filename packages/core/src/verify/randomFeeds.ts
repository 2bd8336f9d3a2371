import { evaluateDim, type Model, type ShapeInfo, SnpError, symbolsOf, type Value } from '@snp/onnx';
import type { Feeds, RuntimeTensor } from '@snp/runtime';
import { uniformNumbers } from '@snp/score';

/** Sizes for dimensions that a model leaves open. */
export interface RandomFeedsOptions {
  seed: number;
  /** First dimension of every input, where it is free. */
  batch: number;
  /** Any other free dimension. Default 16. */
  other?: number;
}

/**
 * Random inputs for a model: normal numbers; for whole numbers, indices that every table they look up has; ones for masks
 * and other whole numbers that look up nothing.
 */
export function randomFeeds(model: Model, shapes: ShapeInfo, options: RandomFeedsOptions): Feeds {
  const next = uniformNumbers(options.seed);
  const sizes: Record<string, number> = {};
  const inputs = model.graph.inputs.filter((input) => !input.tensor);
  for (const input of inputs) {
    const [first] = shapes.shape(input) ?? [];
    if (first !== undefined) for (const { name } of symbolsOf(first)) sizes[name] ??= options.batch;
  }
  return Object.fromEntries(
    inputs.map((input) => {
      const shape = shapes.shape(input);
      if (!shape)
        throw new SnpError('unsupported', `Input '${input.name}' has no stated shape; give real inputs with --data.`, {
          value: input.name,
        });
      const dims = shape.map((dim) => {
        for (const { name } of symbolsOf(dim)) sizes[name] ??= options.other ?? 16;
        return evaluateDim(dim, sizes);
      });
      return [input.name, randomTensor(input, dims, next)];
    }),
  );
}

function randomTensor(input: Value, dims: number[], next: () => number): RuntimeTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const type = input.type?.elementType ?? 'FLOAT';
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const rows = tableRows(input);
  const whole = () => (rows === undefined ? 1 : Math.floor(next() * rows));
  const fill = (make: () => number) => Array.from({ length: size }, make);
  switch (type) {
    case 'FLOAT':
      return { type, dims, data: Float32Array.from(fill(normal)) };
    case 'DOUBLE':
      return { type, dims, data: Float64Array.from(fill(normal)) };
    case 'INT64':
      return { type, dims, data: BigInt64Array.from(fill(whole), BigInt) };
    case 'INT32':
      return { type, dims, data: Int32Array.from(fill(whole)) };
    case 'BOOL':
      return { type, dims, data: Uint8Array.from(fill(() => 1)) };
    default:
      throw new SnpError(
        'unsupported',
        `Input '${input.name}' has type ${type}, for which no random numbers are made; give real inputs with --data.`,
        { value: input.name },
      );
  }
}

/** Rows of the smallest table that the input looks up, if it looks up any. */
function tableRows(input: Value): number | undefined {
  const tables = [...input.uses].flatMap(({ node, index }) =>
    node.opType === 'Gather' && index === 1 && node.inputs[0]?.tensor
      ? [node.inputs[0].tensor.dims[node.int('axis', 0)]]
      : [],
  );
  return tables.length > 0 ? Math.min(...tables) : undefined;
}
