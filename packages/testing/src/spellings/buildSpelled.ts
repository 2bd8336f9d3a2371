import type { Model, Value } from '@snp/onnx';
import type { Feeds } from '../feeds.js';
import { normals, random } from '../random.js';
import { writeAttention } from './attentions.js';
import { type BlockWeights, CLASSES, DrawnWeights, type StackWeights } from './drawnWeights.js';
import { ffnSpelling } from './ffns.js';
import { writeLinear } from './linears.js';
import type { NormParts } from './normSpelling.js';
import { normSpelling, partsFor } from './norms.js';
import { BATCH, FEATURES, MEMORY_TOKENS, TOKENS, VOCABULARY } from './sizes.js';
import type { BlockSpec, SpelledSpec } from './spelledSpec.js';
import { SpellingWriter } from './spellingWriter.js';
import { plainAxis, unitsOf, type Weight } from './weight.js';

/** A model, and the weight that each of its stored tensors is an arrangement of. */
export interface Spelled {
  readonly model: Model;
  readonly stored: ReadonlyMap<string, Weight>;
}

/** Writes the model that `spec` describes. */
export function buildSpelled(spec: SpelledSpec): Spelled {
  const w = new SpellingWriter(spec);
  const { encoder, decoder } = stacksOf(spec);
  if (spec.graph === 'stack') writeHead(w, spec, writeStack(w, spec, encoder, ''), encoder, '');
  if (spec.graph === 'encoder-decoder') {
    const memory = writeStack(w, { ...spec, blocks: spec.blocks.map(withoutCross) }, encoder, '');
    writeHead(w, spec, writeStack(w, { ...spec, input: 'ids' }, decoder, 'decoder_', memory), decoder, '');
  }
  if (spec.graph === 'two-towers') writeTowers(w, spec, [encoder, decoder]);
  return { model: w.builder.model, stored: w.stored };
}

/** The weights of a model's stacks; both are one where there is a single stack. */
export function stacksOf(spec: SpelledSpec): { encoder: StackWeights; decoder: StackWeights } {
  const alone = spec.graph === 'stack' ? spec : { ...spec, blocks: spec.blocks.map(withoutCross) };
  const encoder = new DrawnWeights(alone).stack('encoder', plainAxis(FEATURES));
  const decoded = spec.graph === 'encoder-decoder' ? spec : alone;
  return { encoder, decoder: new DrawnWeights(decoded).stack('decoder', unitsOf('encoder.x', spec.width)) };
}

/** An encoder's blocks look at themselves alone. */
export function withoutCross(block: BlockSpec): BlockSpec {
  return { ...block, attention: { ...block.attention, cross: false } };
}

function batchDim({ sizes }: SpelledSpec): number | string {
  return sizes === 'fixed' ? BATCH : 'batch';
}

function floatInput(w: SpellingWriter, name: string, shape: (number | string)[]): Value {
  const input = w.builder.input(name, 'FLOAT', shape);
  return w.habits.float16 ? w.cast(input, 'FLOAT16') : input;
}

function writeInput(w: SpellingWriter, spec: SpelledSpec, weights: StackWeights, prefix: string): Value {
  const batch = batchDim(spec);
  if (spec.input === 'features') {
    return writeLinear(w, 'matmul', floatInput(w, `${prefix}features`, [batch, TOKENS, FEATURES]), weights.features);
  }
  if (spec.input === 'ids') {
    const ids = w.builder.input(`${prefix}ids`, 'INT64', [batch, TOKENS]);
    const rows = w.op('Gather', [w.weight(weights.embedding, 'initializer'), ids], { axis: 0 });
    return w.op('Add', [rows, w.weight(weights.positions)]);
  }
  // One row of patches, and a class token before them.
  const image = floatInput(w, `${prefix}image`, [batch, 3, 2, 2 * (TOKENS - 1)]);
  const kernel = [w.weight(weights.patches.weight, 'initializer'), w.weight(weights.patches.bias!)];
  const patches = w.op('Conv', [image, ...kernel], { kernel_shape: [2, 2], strides: [2, 2] });
  const rows = w.transpose(w.reshape(patches, [w.axis(image, 0), spec.width, TOKENS - 1]), 0, 2, 1);
  const first = w.expand(w.weight(weights.first, 'initializer'), [w.axis(image, 0), 1, spec.width]);
  return w.op('Add', [w.concat(1, first, rows), w.weight(weights.positions.expand(0), 'initializer')]);
}

/** All blocks, and the norm behind them. */
function writeStack(
  w: SpellingWriter,
  spec: SpelledSpec,
  weights: StackWeights,
  prefix: string,
  memory?: Value,
): Value {
  let x = writeInput(w, spec, weights, prefix);
  spec.blocks.forEach((own, at) => {
    const block = spec.repeated ? spec.blocks[0] : own;
    x = writeBlock(w, x, block, weights.blocks[at], memory);
  });
  return writeNorm(w, spec.blocks[0], x, weights.norm);
}

function writeNorm(w: SpellingWriter, { norm }: BlockSpec, x: Value, parts: NormParts): Value {
  return w.noisy(normSpelling(norm).write(w, x, partsFor(norm, parts)), 3);
}

function writeBlock(w: SpellingWriter, x: Value, block: BlockSpec, weights: BlockWeights, encoded?: Value): Value {
  const memory = (own: Value) => (block.attention.cross ? (encoded ?? memoryInput(w)) : own);
  const attend = (own: Value) =>
    writeAttention(w, `${weights.name}.attention`, [own, memory(own)], block.attention, weights.attention);
  const feed = (own: Value) => ffnSpelling(block.ffn.form).write(w, own, `${weights.name}.ffn`, block.ffn, weights.ffn);
  const branches = { both: [attend, feed], attention: [attend], ffn: [feed] }[block.branches];
  const norm = (value: Value, at: number) => writeNorm(w, block, value, weights.norms[at]);
  const scaled = (value: Value, at: number) =>
    block.layerScale ? w.op('Mul', [value, w.weight(weights.layerScales[at])]) : value;
  if (block.order === 'parallel') {
    const normed = norm(x, 0);
    return branches.reduce((sum, branch, at) => w.op('Add', [sum, scaled(branch(normed), at)]), x);
  }
  return branches.reduce((sum, branch, at) => {
    if (block.order === 'post') return norm(w.op('Add', [sum, scaled(branch(sum), at)]), at);
    const made = branch(norm(sum, at));
    return w.op('Add', [scaled(block.order === 'sandwich' ? norm(made, 2 + at) : made, at), sum]);
  }, x);
}

function memoryInput(w: SpellingWriter): Value {
  return w.once('memory', () => {
    const value = floatInput(w, 'memory', [w.habits.sizes === 'fixed' ? BATCH : 'batch', MEMORY_TOKENS, FEATURES]);
    w.known.set(value, [BATCH, MEMORY_TOKENS, FEATURES]);
    return value;
  });
}

function output(w: SpellingWriter, value: Value, name: string, shape: (number | string)[]): void {
  const single = w.habits.float16 ? w.cast(value, 'FLOAT') : w.op('Identity', [value]);
  w.builder.output(single, name, 'FLOAT', shape);
}

/** Samples by channels. */
function pooled(w: SpellingWriter, spec: SpelledSpec, x: Value, { query }: StackWeights): Value {
  if (spec.head === 'first') return w.op('Gather', [x, w.int(0)], { axis: 1 });
  if (spec.head !== 'attention-pool') return w.reduce('ReduceMean', x, [1], 0);
  const shares = w.op('Softmax', [w.transpose(w.op('MatMul', [x, w.weight(query)]), 0, 2, 1)], { axis: -1 });
  return w.squeeze(w.op('MatMul', [shares, x]), 1);
}

function writeHead(w: SpellingWriter, spec: SpelledSpec, x: Value, weights: StackWeights, prefix: string): void {
  const batch = batchDim(spec);
  const perToken = [batch, TOKENS];
  if (spec.head === 'stream' || spec.head === 'several') output(w, x, `${prefix}stream`, [...perToken, spec.width]);
  if (spec.head === 'stream') return;
  if (spec.head === 'tied') {
    const logits = w.op('MatMul', [x, w.weight(weights.embedding.transpose([1, 0]), 'transposed')]);
    return output(w, logits, `${prefix}logits`, [...perToken, VOCABULARY]);
  }
  if (spec.head === 'logits' || spec.head === 'several') {
    return output(w, writeLinear(w, spec.headLinear, x, weights.head), `${prefix}logits`, [...perToken, CLASSES]);
  }
  const inputs = [pooled(w, spec, x, weights), w.weight(weights.head.weight), w.weight(weights.head.bias!)];
  output(w, w.op('Gemm', inputs), `${prefix}logits`, [batch, CLASSES]);
}

/** Pooled answers of both stacks, made as long as one another, and their similarities. */
function writeTowers(w: SpellingWriter, spec: SpelledSpec, stacks: readonly StackWeights[]): void {
  const ends = stacks.map((weights, at) => {
    const own = { ...spec, ...(at === 1 && { input: 'ids' as const }), blocks: spec.blocks.map(withoutCross) };
    const rows = pooled(w, spec, writeStack(w, own, weights, at === 1 ? 'text_' : ''), weights);
    const made = w.op('MatMul', [rows, w.weight(weights.head.weight)]);
    return w.op('Div', [made, w.reduce('ReduceL2', made, [-1])]);
  });
  const scale = w.op('Exp', [w.numbers([], [0.5])]);
  const logits = w.op('Mul', [w.op('MatMul', [ends[1], w.transpose(ends[0], 1, 0)]), scale]);
  const batch = batchDim(spec);
  output(w, logits, 'logits_per_text', [batch, batch]);
  output(w, w.transpose(logits, 1, 0), 'logits_per_image', [batch, batch]);
}

/** Inputs for a spelled model: numbers, ids, a mask whose second sample is shorter. */
export function spelledFeeds(model: Model, seed: number): Feeds {
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }) => {
      const dims = type!.shape!.map((dim) => (typeof dim === 'number' ? dim : BATCH));
      const size = dims.reduce((product, dim) => product * dim, 1);
      const draw = random(seed, name);
      if (type!.elementType === 'FLOAT') return [name, { type: 'FLOAT', dims, data: normals(draw, size) }];
      const number = (at: number) =>
        name === 'attention_mask' ? Number(at < TOKENS || at % TOKENS < 4) : draw.integer(VOCABULARY);
      return [name, { type: 'INT64', dims, data: BigInt64Array.from({ length: size }, (_, at) => BigInt(number(at))) }];
    }),
  ) as Feeds;
}
