import { dataTypeCode, type FileDim, type Model, type Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { Weights } from '../build/weights.js';

/** Sizes of a `buildLlama`. */
export interface LlamaOptions {
  readonly vocabulary: number;
  /** Width of the residual stream. */
  readonly width: number;
  readonly depth: number;
  /** Heads of queries, and of keys and values: the first is a multiple of the second. */
  readonly heads: number;
  readonly keyHeads: number;
  /** Neurons of a head, an even number. */
  readonly headSize: number;
  /** Hidden neurons of an FFN. */
  readonly hidden: number;
  /** With `past_key_values.N.key` and `.value` as inputs and `present.N.key` and `.value` as outputs. Default true. */
  readonly cache?: boolean;
  /** Seed of the weights, default 0. With and without cache they are the same. */
  readonly seed?: number;
}

/** What is added to the scores of tokens that are not looked at. */
const MASKED = -10000;

/**
 * A decoder of LLaMA's kind with random weights as Optimum exports it: rotary positions, grouped queries, SwiGLU, RMSNorm taken apart. Inputs `input_ids` [batch, sequence], `attention_mask` [batch, total],
 * `position_ids` [batch, sequence] and past keys and values [batch, key heads, past, head size]; outputs `logits` [batch, sequence, vocabulary] and the present ones.
 *
 * @example
 * const model = buildLlama({ vocabulary: 40, width: 24, depth: 2, heads: 4, keyHeads: 2, headSize: 8, hidden: 32 });
 */
export function buildLlama(options: LlamaOptions): Model {
  const { vocabulary, width, depth, cache = true, seed = 0 } = options;
  const builder = new GraphBuilder('llama', { opset: 17 });
  const w = new LlamaWriter(builder, new Weights(seed, 1), options);
  const ids = builder.input('input_ids', 'INT64', ['batch', 'sequence']);
  const attended = builder.input('attention_mask', 'INT64', ['batch', cache ? 'total' : 'sequence']);
  const positions = builder.input('position_ids', 'INT64', ['batch', 'sequence']);
  const table = builder.weight('embed', [vocabulary, width], w.weights.normals('embed', vocabulary * width, 1));
  let x = w.op('Gather', [table, ids], { axis: 0 });
  const past = Array.from({ length: cache ? depth : 0 }, (_, layer) =>
    (['key', 'value'] as const).map((part) =>
      builder.input(`past_key_values.${layer}.${part}`, 'FLOAT', w.cacheShape('past')),
    ),
  );
  const mask = w.causalMask(ids, attended);
  const angles = w.angles(positions);
  for (let layer = 0; layer < depth; layer++) {
    const at = `layers.${layer}`;
    x = w.op('Add', [
      x,
      w.attention(`${at}.attn`, w.norm(`${at}.norm1`, x), { layer, past: past[layer], mask, angles }),
    ]);
    x = w.op('Add', [x, w.ffn(`${at}.mlp`, w.norm(`${at}.norm2`, x))]);
  }
  const logits = w.linear('head', w.norm('norm', x), width, vocabulary);
  builder.output(w.op('Mul', [logits, builder.float('', 3)]), 'logits', 'FLOAT', ['batch', 'sequence', vocabulary]);
  for (const [name, value] of w.presents) builder.output(value, name, 'FLOAT', w.cacheShape('past + sequence'));
  return builder.model;
}

interface AttentionParts {
  layer: number;
  past: readonly Value[] | undefined;
  /** Added to scores, [batch, 1, sequence, total]. */
  mask: Value;
  /** Cosines and sines, [batch, 1, sequence, head size]. */
  angles: readonly Value[];
}

class LlamaWriter {
  readonly presents = new Map<string, Value>();

  constructor(
    readonly builder: GraphBuilder,
    readonly weights: Weights,
    readonly sizes: LlamaOptions,
  ) {}

  op(op: string, inputs: Value[], attributes = {}): Value {
    return this.builder.op('', op, inputs, attributes);
  }

  ints(...items: number[]): Value {
    return this.builder.ints('', items);
  }

  cacheShape(tokens: string): FileDim[] {
    return ['batch', this.sizes.keyHeads, tokens, this.sizes.headSize];
  }

  linear(name: string, x: Value, inputs: number, outputs: number): Value {
    return this.op('MatMul', [
      x,
      this.builder.weight(`${name}.weight`, [inputs, outputs], this.weights.matrix(name, inputs, outputs)),
    ]);
  }

  norm(name: string, x: Value): Value {
    const { width } = this.sizes;
    const mean = this.op('ReduceMean', [this.op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const root = this.op('Sqrt', [this.op('Add', [mean, this.builder.float('', 1e-5)])]);
    const gain = this.builder.weight(`${name}.weight`, [width], this.weights.gain(name, width));
    return this.op('Mul', [this.op('Div', [x, root]), gain]);
  }

  ffn(name: string, x: Value): Value {
    const { width, hidden } = this.sizes;
    const gate = this.linear(`${name}.gate`, x, width, hidden);
    const active = this.op('Mul', [gate, this.op('Sigmoid', [gate])]);
    return this.linear(
      `${name}.down`,
      this.op('Mul', [active, this.linear(`${name}.up`, x, width, hidden)]),
      hidden,
      width,
    );
  }

  attention(name: string, x: Value, { layer, past, mask, angles }: AttentionParts): Value {
    const { width, heads, keyHeads, headSize } = this.sizes;
    const apart = (part: string, count: number) => {
      const flat = this.linear(`${name}.${part}`, x, width, count * headSize);
      return this.op('Transpose', [this.op('Reshape', [flat, this.ints(0, 0, count, headSize)])], {
        perm: [0, 2, 1, 3],
      });
    };
    const query = this.#rotated(apart('q', heads), angles);
    const present = [this.#rotated(apart('k', keyHeads), angles), apart('v', keyHeads)].map((own, at) =>
      past ? this.op('Concat', [past[at], own], { axis: 2 }) : own,
    );
    if (past)
      for (const [at, part] of ['key', 'value'].entries()) this.presents.set(`present.${layer}.${part}`, present[at]);
    const [key, value] = present.map((own) => this.#repeated(own));
    const scores = this.op('MatMul', [query, this.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
    const scaled = this.op('Div', [scores, this.builder.float('', Math.sqrt(headSize))]);
    const map = this.op('Softmax', [this.op('Add', [scaled, mask])], { axis: -1 });
    const mixed = this.op('Transpose', [this.op('MatMul', [map, value])], { perm: [0, 2, 1, 3] });
    const joined = this.op('Reshape', [mixed, this.ints(0, 0, heads * headSize)]);
    return this.linear(`${name}.o`, joined, heads * headSize, width);
  }

  /** Each token looks at itself, those before it and those of the past, where the mask says that they count. */
  causalMask(ids: Value, attended: Value): Value {
    const { builder } = this;
    const count = (value: Value) => this.op('Gather', [this.op('Shape', [value]), builder.int('', 1)], { axis: 0 });
    const total = count(attended);
    const first = this.op('Sub', [total, count(ids)]);
    const one = builder.int('', 1);
    const rows = this.op('Unsqueeze', [this.op('Range', [first, total, one]), this.ints(1)]);
    const seen = this.op('LessOrEqual', [this.op('Range', [builder.int('', 0), total, one]), rows]);
    const counts = this.op('Unsqueeze', [this.op('Cast', [attended], { to: dataTypeCode('BOOL') }), this.ints(1, 2)]);
    return this.op('Where', [this.op('And', [seen, counts]), builder.float('', 0), builder.float('', MASKED)]);
  }

  angles(positions: Value): Value[] {
    const half = this.sizes.headSize / 2;
    const frequencies = Float32Array.from({ length: half }, (_, at) => 10 ** (-at / half));
    const places = this.op('Cast', [this.op('Unsqueeze', [positions, this.ints(1, 3)])], { to: dataTypeCode('FLOAT') });
    const angles = this.op('Mul', [places, this.builder.weight('frequencies', [half], frequencies)]);
    const both = this.op('Concat', [angles, angles], { axis: -1 });
    return [this.op('Cos', [both]), this.op('Sin', [both])];
  }

  #rotated(x: Value, [cos, sin]: readonly Value[]): Value {
    const { headSize } = this.sizes;
    const part = (from: number, to: number) => this.op('Slice', [x, this.ints(from), this.ints(to), this.ints(3)]);
    const [first, second] = [part(0, headSize / 2), part(headSize / 2, headSize)];
    const turned = this.op('Concat', [this.op('Neg', [second]), first], { axis: -1 });
    return this.op('Add', [this.op('Mul', [x, cos]), this.op('Mul', [turned, sin])]);
  }

  /** Keys or values for each head of queries. */
  #repeated(x: Value): Value {
    const { heads, keyHeads, headSize } = this.sizes;
    const spread = this.op('Expand', [
      this.op('Unsqueeze', [x, this.ints(2)]),
      this.ints(1, 1, heads / keyHeads, 1, 1),
    ]);
    return this.op('Reshape', [spread, this.ints(0, heads, -1, headSize)]);
  }
}
