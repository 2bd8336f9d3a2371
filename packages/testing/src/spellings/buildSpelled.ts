import type { Model, Value } from '@snp/onnx';
import type { Feeds } from '../feeds.js';
import { normals, random } from '../random.js';
import { writeAttention } from './attentions.js';
import { type BlockWeights, CLASSES, DrawnWeights, type StackWeights } from './drawnWeights.js';
import { writeFfn } from './ffns.js';
import { writeLinear } from './linears.js';
import type { NormParts } from './normSpelling.js';
import { normSpelling, partsFor } from './norms.js';
import type { Port } from './ports.js';
import { BATCH, FEATURES, MEMORY_TOKENS, PAST, TOKENS, VOCABULARY } from './sizes.js';
import { writeInput } from './spelledInputs.js';
import type { BlockSpec, SpelledSpec } from './spelledSpec.js';
import { SpellingWriter } from './spellingWriter.js';
import { plainAxis, unitsOf, type Weight } from './weight.js';
import { byWindows } from './windows.js';

/** A model, and the weight that each of its stored tensors is an arrangement of. */
export interface Spelled {
  readonly model: Model;
  readonly stored: ReadonlyMap<string, Weight>;
  /** Inputs and outputs that hold past keys and values. */
  readonly ports: ReadonlyMap<string, Port>;
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
  return { model: w.builder.model, stored: w.stored, ports: w.ports };
}

interface Stacks {
  readonly encoder: StackWeights;
  readonly decoder: StackWeights;
}

const drawn = new WeakMap<SpelledSpec, Stacks>();

/** The weights of a model's stacks, drawn once per spec; where there is a single stack, it is the encoder. */
export function stacksOf(spec: SpelledSpec): Stacks {
  const stacks = drawn.get(spec) ?? drawStacks(spec);
  drawn.set(spec, stacks);
  return stacks;
}

function drawStacks(spec: SpelledSpec): Stacks {
  const alone = spec.graph === 'stack' ? spec : { ...spec, blocks: spec.blocks.map(withoutCross) };
  const encoder = new DrawnWeights(alone).stack('encoder', plainAxis(FEATURES));
  const decoded = spec.graph === 'encoder-decoder' ? spec : alone;
  return { encoder, decoder: new DrawnWeights(decoded).stack('decoder', unitsOf('encoder.x', spec.width)) };
}

/** An encoder's blocks look at themselves alone. */
export function withoutCross(block: BlockSpec): BlockSpec {
  return { ...block, attention: { ...block.attention, cross: false } };
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
    x = writeBlock(w, x, block, weights.blocks[at], at, memory);
    if (spec.exits === 'streams') w.output(x, `stream.${at}`, [w.batchDim, TOKENS, spec.width]);
    if (spec.exits === 'logits') {
      w.output(writeLinear(w, spec.headLinear, x, weights.head), `logits.${at}`, [w.batchDim, TOKENS, CLASSES]);
    }
  });
  return writeNorm(w, spec.blocks[0], x, weights.norm);
}

function writeNorm(w: SpellingWriter, { norm }: BlockSpec, x: Value, parts: NormParts): Value {
  return w.noisy(normSpelling(norm).write(w, x, partsFor(norm, parts)), 3);
}

function writeBlock(
  w: SpellingWriter,
  x: Value,
  block: BlockSpec,
  weights: BlockWeights,
  layer: number,
  encoded?: Value,
): Value {
  const memory = (own: Value) => (block.attention.cross ? (encoded ?? memoryInput(w)) : own);
  const { attention } = weights;
  const look = (own: Value) =>
    writeAttention(w, `${weights.name}.attention`, [own, memory(own)], block.attention, attention, layer);
  const attend = (own: Value) => byWindows(w, block.attention.window, own, attention.q.weight.dims[0], look);
  const feed = (own: Value) => writeFfn(w, `${weights.name}.ffn`, own, block.ffn, weights.ffn);
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
    const value = w.floatInput('memory', [w.batchDim, MEMORY_TOKENS, FEATURES]);
    w.known.set(value, [BATCH, MEMORY_TOKENS, FEATURES]);
    return value;
  });
}

/** Samples by channels. */
function pooled(w: SpellingWriter, spec: SpelledSpec, x: Value, { query }: StackWeights): Value {
  if (spec.head === 'first') return w.op('Gather', [x, w.int(0)], { axis: 1 });
  if (spec.head !== 'attention-pool') return w.reduce('ReduceMean', x, [1], 0);
  const shares = w.op('Softmax', [w.transpose(w.op('MatMul', [x, w.weight(query)]), 0, 2, 1)], { axis: -1 });
  return w.squeeze(w.op('MatMul', [shares, x]), 1);
}

function writeHead(w: SpellingWriter, spec: SpelledSpec, x: Value, weights: StackWeights, prefix: string): void {
  const batch = w.batchDim;
  const perToken = [batch, TOKENS];
  if (spec.head === 'stream' || spec.head === 'several') w.output(x, `${prefix}stream`, [...perToken, spec.width]);
  if (spec.head === 'stream') return;
  if (spec.head === 'tied') {
    const logits = w.op('MatMul', [x, w.weight(weights.embedding.transpose([1, 0]), 'transposed')]);
    return w.output(logits, `${prefix}logits`, [...perToken, VOCABULARY]);
  }
  if (spec.head === 'logits' || spec.head === 'several') {
    return w.output(writeLinear(w, spec.headLinear, x, weights.head), `${prefix}logits`, [...perToken, CLASSES]);
  }
  const inputs = [pooled(w, spec, x, weights), w.weight(weights.head.weight), w.weight(weights.head.bias!)];
  w.output(w.op('Gemm', inputs), `${prefix}logits`, [batch, CLASSES]);
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
  const batch = w.batchDim;
  w.output(logits, 'logits_per_text', [batch, batch]);
  w.output(w.transpose(logits, 1, 0), 'logits_per_image', [batch, batch]);
}

const SYMBOLS: Readonly<Record<string, number>> = { batch: BATCH, past_sequence_length: PAST };

/** Inputs for a spelled model: numbers, ids, a mask whose second sample is shorter. */
export function spelledFeeds(model: Model, seed: number): Feeds {
  return Object.fromEntries(
    model.graph.inputs.map(({ name, type }) => {
      const dims = type!.shape!.map((dim) => (typeof dim === 'number' ? dim : SYMBOLS[String(dim)]));
      const size = dims.reduce((product, dim) => product * dim, 1);
      const draw = random(seed, name);
      if (type!.elementType === 'FLOAT') return [name, { type: 'FLOAT', dims, data: normals(draw, size) }];
      const number = (at: number) =>
        name === 'attention_mask' ? Number(at < TOKENS || at % TOKENS < 4) : draw.integer(VOCABULARY);
      return [name, { type: 'INT64', dims, data: BigInt64Array.from({ length: size }, (_, at) => BigInt(number(at))) }];
    }),
  ) as Feeds;
}
