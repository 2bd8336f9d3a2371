import { dataTypeCode, type FileDim, type Model, type Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { Weights } from '../build/weights.js';

/** The files that Optimum writes of an encoder-decoder, but for the merged decoder. */
export type Seq2seqPart = 'encoder' | 'decoder' | 'decoder-with-past';

/** Sizes of a `buildSeq2seq`. */
export interface Seq2seqOptions {
  readonly vocabulary: number;
  /** Width of the residual streams. */
  readonly width: number;
  /** Blocks of the encoder, and of the decoder. */
  readonly depth: number;
  readonly heads: number;
  /** Neurons of a head. */
  readonly headSize: number;
  /** Hidden neurons of an FFN. */
  readonly hidden: number;
  /** Seed of the weights, default 0. Parts of one seed belong together. */
  readonly seed?: number;
}

/** What is added to the scores of tokens that are not looked at. */
const MASKED = -10000;

/**
 * One file of an encoder-decoder of T5's kind (Raffel et al., arXiv 1910.10683; without position biases) with random weights, under the names that Optimum gives: `encoder` gives `last_hidden_state`; `decoder` reads
 * it as `encoder_hidden_states` and gives `logits`, `present.N.decoder.*` and `present.N.encoder.*`; `decoder-with-past` reads these as `past_key_values.N.*` and gives `present.N.decoder.*`.
 *
 * @example
 * const sizes = { vocabulary: 40, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
 * const [encoder, decoder] = [buildSeq2seq('encoder', sizes), buildSeq2seq('decoder', sizes)];
 */
export function buildSeq2seq(part: Seq2seqPart, options: Seq2seqOptions): Model {
  const w = new Seq2seqWriter(options);
  const { builder, sizes } = w;
  const { vocabulary, width, depth } = sizes;
  const ids = builder.input('input_ids', 'INT64', ['batch', part === 'encoder' ? 'encoder_sequence' : 'sequence']);
  const attended = builder.input(part === 'encoder' ? 'attention_mask' : 'encoder_attention_mask', 'INT64', [
    'batch',
    'encoder_sequence',
  ]);
  const table = builder.weight('shared', [vocabulary, width], w.weights.normals('shared', vocabulary * width, 1));
  let x = w.op('Gather', [table, ids], { axis: 0 });
  const counted = w.mask(w.op('Unsqueeze', [w.op('Cast', [attended], { to: dataTypeCode('BOOL') }), w.ints(1, 2)]));
  if (part === 'encoder') {
    for (let block = 0; block < depth; block++) {
      const at = `encoder.${block}`;
      const normed = w.norm(`${at}.norm1`, x);
      const [key, value] = w.keysAndValues(`${at}.self`, normed);
      x = w.op('Add', [x, w.attention(`${at}.self`, normed, { key, value, mask: counted })]);
      x = w.op('Add', [x, w.ffn(`${at}.ffn`, w.norm(`${at}.norm2`, x))]);
    }
    builder.output(w.norm('encoder.norm', x), 'last_hidden_state', 'FLOAT', ['batch', 'encoder_sequence', width]);
    return builder.model;
  }
  const withPast = part === 'decoder-with-past';
  const memory = withPast
    ? undefined
    : builder.input('encoder_hidden_states', 'FLOAT', ['batch', 'encoder_sequence', width]);
  const past = (block: number, of: 'decoder' | 'encoder') =>
    (['key', 'value'] as const).map((name) =>
      builder.input(
        `past_key_values.${block}.${of}.${name}`,
        'FLOAT',
        w.cacheShape(of === 'decoder' ? 'past' : 'encoder_sequence'),
      ),
    );
  const presents: [string, Value][] = [];
  let causal: Value | undefined;
  for (let block = 0; block < depth; block++) {
    const at = `decoder.${block}`;
    const normed = w.norm(`${at}.norm1`, x);
    let own = w.keysAndValues(`${at}.self`, normed);
    if (withPast) {
      const before = past(block, 'decoder');
      own = own.map((value, each) => w.op('Concat', [before[each], value], { axis: 2 }));
    }
    causal ??= w.causal(ids, own[0]);
    x = w.op('Add', [x, w.attention(`${at}.self`, normed, { key: own[0], value: own[1], mask: causal })]);
    const [key, value] = memory ? w.keysAndValues(`${at}.cross`, memory) : past(block, 'encoder');
    const asking = w.norm(`${at}.norm2`, x);
    x = w.op('Add', [x, w.attention(`${at}.cross`, asking, { key, value, mask: counted })]);
    x = w.op('Add', [x, w.ffn(`${at}.ffn`, w.norm(`${at}.norm3`, x))]);
    presents.push([`${block}.decoder.key`, own[0]], [`${block}.decoder.value`, own[1]]);
    if (memory) presents.push([`${block}.encoder.key`, key], [`${block}.encoder.value`, value]);
  }
  const logits = w.op('Mul', [w.linear('head', w.norm('decoder.norm', x), width, vocabulary), builder.float('', 3)]);
  builder.output(logits, 'logits', 'FLOAT', ['batch', 'sequence', vocabulary]);
  for (const [name, value] of presents)
    builder.output(
      value,
      `present.${name}`,
      'FLOAT',
      w.cacheShape(name.includes('encoder') ? 'encoder_sequence' : withPast ? 'past + sequence' : 'sequence'),
    );
  return builder.model;
}

interface Attended {
  key: Value;
  value: Value;
  /** Added to scores. */
  mask: Value;
}

class Seq2seqWriter {
  readonly builder = new GraphBuilder('seq2seq', { opset: 17 });
  readonly weights: Weights;

  constructor(readonly sizes: Seq2seqOptions) {
    this.weights = new Weights(sizes.seed ?? 0, 1);
  }

  op(op: string, inputs: Value[], attributes = {}): Value {
    return this.builder.op('', op, inputs, attributes);
  }

  ints(...items: number[]): Value {
    return this.builder.ints('', items);
  }

  cacheShape(tokens: string): FileDim[] {
    return ['batch', this.sizes.heads, tokens, this.sizes.headSize];
  }

  linear(name: string, x: Value, inputs: number, outputs: number): Value {
    const matrix = this.weights.matrix(name, inputs, outputs);
    return this.op('MatMul', [x, this.builder.weight(`${name}.weight`, [inputs, outputs], matrix)]);
  }

  norm(name: string, x: Value): Value {
    const { width } = this.sizes;
    const mean = this.op('ReduceMean', [this.op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const root = this.op('Sqrt', [this.op('Add', [mean, this.builder.float('', 1e-6)])]);
    const gain = this.builder.weight(`${name}.weight`, [width], this.weights.gain(name, width));
    return this.op('Mul', [this.op('Div', [x, root]), gain]);
  }

  ffn(name: string, x: Value): Value {
    const { width, hidden } = this.sizes;
    return this.linear(`${name}.wo`, this.op('Relu', [this.linear(`${name}.wi`, x, width, hidden)]), hidden, width);
  }

  keysAndValues(name: string, x: Value): Value[] {
    return ['k', 'v'].map((part) => this.#apart(`${name}.${part}`, x));
  }

  attention(name: string, x: Value, { key, value, mask }: Attended): Value {
    const { width, heads, headSize } = this.sizes;
    const turned = this.op('Transpose', [key], { perm: [0, 1, 3, 2] });
    const scores = this.op('Add', [this.op('MatMul', [this.#apart(`${name}.q`, x), turned]), mask]);
    const mixed = this.op('MatMul', [this.op('Softmax', [scores], { axis: -1 }), value]);
    const joined = this.op('Reshape', [
      this.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      this.ints(0, 0, heads * headSize),
    ]);
    return this.linear(`${name}.o`, joined, heads * headSize, width);
  }

  /** Added to scores: nothing where `seen` is true. */
  mask(seen: Value): Value {
    return this.op('Where', [seen, this.builder.float('', 0), this.builder.float('', MASKED)]);
  }

  /** Each token looks at itself and those before it, of all that there are keys for. */
  causal(ids: Value, keys: Value): Value {
    const { builder } = this;
    const count = (value: Value, axis: number) =>
      this.op('Gather', [this.op('Shape', [value]), builder.int('', axis)], { axis: 0 });
    const [total, fresh, one] = [count(keys, 2), count(ids, 1), builder.int('', 1)];
    const rows = this.op('Range', [this.op('Sub', [total, fresh]), total, one]);
    const columns = this.op('Range', [builder.int('', 0), total, one]);
    return this.mask(this.op('LessOrEqual', [columns, this.op('Unsqueeze', [rows, this.ints(1)])]));
  }

  #apart(name: string, x: Value): Value {
    const { width, heads, headSize } = this.sizes;
    const flat = this.linear(name, x, width, heads * headSize);
    return this.op('Transpose', [this.op('Reshape', [flat, this.ints(0, 0, heads, headSize)])], { perm: [0, 2, 1, 3] });
  }
}
