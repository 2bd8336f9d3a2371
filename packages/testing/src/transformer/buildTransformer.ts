import type { Model, Value } from '@snp/onnx';
import type { Feeds } from '../feeds.js';
import { normals, random } from '../random.js';
import { attention } from './attention.js';
import {
  FEATURES,
  MEMORY,
  TOKENS,
  type TransformerBlock,
  type TransformerOptions,
  VOCABULARY,
} from './transformerOptions.js';
import { TransformerWriter } from './transformerWriter.js';

const PLAIN = { linear: 'matmul', bias: true } as const;

/**
 * A small Transformer with random weights, each block in any of the forms that exporters write: what property tests draw. Input `input`, and `memory`
 * where a block attends to it; output `output`.
 *
 * @example
 * const options = { seed: 1, residual: 8, blocks: [], input: 'features', head: true, noise: 0.2 } as const;
 * const outputs = await runModel(buildTransformer(options), transformerFeeds(options, 2, 1));
 */
export function buildTransformer(options: TransformerOptions): Model {
  const writer = new TransformerWriter(options);
  const { builder } = writer;
  const cross = options.blocks.some((block) => block.cross);
  let stream: Value;
  if (options.input === 'ids') {
    const ids = builder.input('input', 'INT64', ['batch', TOKENS]);
    const data = writer.weights.normals('embedding', VOCABULARY * options.residual, 1);
    stream = writer.op('Gather', [builder.weight('embedding', [VOCABULARY, options.residual], data), ids], { axis: 0 });
  } else {
    const features = builder.input('input', 'FLOAT', ['batch', TOKENS, FEATURES]);
    stream = writer.linear('embedding', features, [FEATURES, options.residual], PLAIN);
  }
  const memory = cross ? builder.input('memory', 'FLOAT', ['batch', MEMORY.tokens, MEMORY.features]) : undefined;
  const places = writer.weights.normals('positions', TOKENS * options.residual, 0.5);
  stream = writer.op('Add', [stream, builder.weight('positions', [1, TOKENS, options.residual], places)]);
  for (const [index, block] of options.blocks.entries()) {
    const name = `blocks.${index}`;
    stream = branch(writer, `${name}.attn`, stream, block, (x) =>
      attention(writer, `${name}.attn`, x, block.cross ? memory : undefined, block),
    );
    stream = branch(writer, `${name}.ffn`, stream, block, (x) => feedForward(writer, `${name}.ffn`, x, block));
  }
  const output = options.head ? writer.linear('head', stream, [options.residual, 3], PLAIN) : stream;
  builder.output(output, 'output', 'FLOAT', ['batch', TOKENS, options.head ? 3 : options.residual]);
  return builder.model;
}

/** Random inputs for a model of `buildTransformer`. */
export function transformerFeeds({ input, blocks }: TransformerOptions, batch: number, seed: number): Feeds {
  const draw = random(seed, 'feeds');
  const numbers = (dims: number[]) =>
    normals(
      draw,
      dims.reduce((product, dim) => product * dim, 1),
    );
  const memory = [batch, MEMORY.tokens, MEMORY.features];
  const dims = input === 'ids' ? [batch, TOKENS] : [batch, TOKENS, FEATURES];
  const ids = () => BigInt64Array.from({ length: batch * TOKENS }, () => BigInt(draw.integer(VOCABULARY)));
  return {
    input: input === 'ids' ? { type: 'INT64', dims, data: ids() } : { type: 'FLOAT', dims, data: numbers(dims) },
    ...(blocks.some(({ cross }) => cross) && { memory: { type: 'FLOAT', dims: memory, data: numbers(memory) } }),
  };
}

/** The stream with what a branch makes of it added, and the norm in front or behind. */
function branch(
  writer: TransformerWriter,
  name: string,
  stream: Value,
  block: TransformerBlock,
  transform: (x: Value) => Value,
): Value {
  const { builder, weights, options } = writer;
  const { order, norm, layerScale } = block;
  const width = options.residual;
  const form = norm === 'skip' ? 'layer' : norm;
  let change = transform(order === 'pre' ? writer.norm(`${name}.norm`, stream, width, form) : stream);
  if (layerScale) {
    const scale = builder.weight(`${name}.scale`, [width], weights.gain(`${name}.scale`, width));
    change = writer.op('Mul', [change, scale]);
  }
  if (order === 'pre') return writer.noisy(writer.op('Add', [stream, change]), 3);
  if (norm !== 'skip') return writer.norm(`${name}.norm`, writer.op('Add', [change, stream]), width, form);
  const gain = builder.weight(`${name}.norm`, [width], weights.gain(`${name}.norm`, width));
  const shift = builder.weight(`${name}.norm.bias`, [width], weights.bias(`${name}.norm.bias`, width));
  return builder.contrib('', 'SkipLayerNormalization', [stream, change, gain, shift]);
}

function feedForward(writer: TransformerWriter, name: string, x: Value, block: TransformerBlock): Value {
  const width = writer.options.residual;
  let hidden = writer.linear(`${name}.up`, x, [width, block.ffn], block);
  if (block.gate === 'none') hidden = activate(writer, hidden, block.activation);
  else {
    const gate = writer.linear(`${name}.gate`, x, [width, block.ffn], block);
    const open =
      block.gate === 'silu' ? writer.op('Mul', [gate, writer.op('Sigmoid', [gate])]) : activate(writer, gate, 'gelu');
    hidden = writer.op('Mul', [open, hidden]);
  }
  return writer.linear(`${name}.down`, hidden, [block.ffn, width], block);
}

function activate(writer: TransformerWriter, x: Value, form: TransformerBlock['activation']): Value {
  const { builder } = writer;
  if (form === 'relu') return writer.op('Relu', [x]);
  if (form === 'tanh') return writer.op('Tanh', [x]);
  if (form === 'sigmoid') return writer.op('Sigmoid', [x]);
  const error = writer.op('Erf', [writer.op('Div', [x, builder.float('', Math.SQRT2)])]);
  return writer.op('Mul', [
    writer.op('Mul', [x, writer.op('Add', [error, builder.float('', 1)])]),
    builder.float('', 0.5),
  ]);
}
