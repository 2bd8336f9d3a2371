import { Tensor, type Value } from '@snp/onnx';
import type { AttentionSizes } from './attentionSizes.js';
import type { AttentionWeights } from './attentionWeights.js';
import type { Heads } from './heads.js';
import { type LinearName, type LinearWeights, writeLinear } from './linears.js';
import type { AxisSize, SpellingWriter } from './spellingWriter.js';
import { Weight } from './weight.js';

/** Queries, keys and values. */
export type Projected = readonly [q: Heads, k: Heads, v: Heads];

/** Where queries come from, and keys and values. */
export interface ProjectionInputs {
  readonly x: Value;
  readonly memory: Value;
  readonly spec: AttentionSizes & { readonly linear: LinearName };
  readonly weights: AttentionWeights;
  readonly name: string;
}

/** One way of computing queries, keys and values. */
export interface ProjectionSpelling {
  readonly write: (w: SpellingWriter, inputs: ProjectionInputs) => Projected;
  /** Queries, keys and values come from one product, so from one input. */
  readonly together?: boolean;
  /** Queries, keys and values must be alike in number of heads and in width. */
  readonly even?: boolean;
  readonly since?: number;
}

type Part = 'q' | 'k' | 'v';
const PARTS: readonly Part[] = ['q', 'k', 'v'];

function sizesOf(part: Part, { heads, keyHeads, queryKey, value }: AttentionSizes) {
  return { heads: part === 'q' ? heads : keyHeads, width: part === 'v' ? value : queryKey };
}

function source(
  w: SpellingWriter,
  part: Part,
  { x, memory }: ProjectionInputs,
): { value: Value; batch: AxisSize; tokens: AxisSize } {
  const value = part === 'q' ? x : memory;
  return { value, batch: w.axis(value, 0), tokens: w.axis(value, 1) };
}

/** Heads whose axes for samples and tokens are those of a part's source. */
function heads(w: SpellingWriter, part: Part, inputs: ProjectionInputs, value: Value, form: Heads['form']): Heads {
  const { batch, tokens } = source(w, part, inputs);
  return { value, form, batch, tokens, ...sizesOf(part, inputs.spec) };
}

function each(work: (w: SpellingWriter, part: Part, inputs: ProjectionInputs) => Heads): ProjectionSpelling {
  return { write: (w, inputs) => PARTS.map((part) => work(w, part, inputs)) as unknown as Projected };
}

/** The weights of several layers as those of one. */
function joined(name: string, linears: readonly LinearWeights[]): LinearWeights {
  const weight = Weight.join(
    `${name}.weight`,
    linears.map((each) => each.weight),
    1,
  );
  const biases = linears.flatMap(({ bias }) => bias ?? []);
  return biases.length < linears.length ? { weight } : { weight, bias: Weight.join(`${name}.bias`, biases, 0) };
}

/** One product for all three, cut by `cut` into [batch, tokens, heads * width] each. */
function fused(
  cut: (w: SpellingWriter, all: Value, sizes: number[]) => Value[],
  options: Partial<ProjectionSpelling> = {},
): ProjectionSpelling {
  return {
    ...options,
    together: true,
    write: (w, inputs) => {
      const { q, k, v } = inputs.weights;
      const all = writeLinear(w, inputs.spec.linear, inputs.x, joined(`${inputs.name}.qkv`, [q, k, v]));
      const parts = cut(
        w,
        all,
        [q, k, v].map(({ weight }) => weight.dims[1]),
      );
      return PARTS.map((part, at) => heads(w, part, inputs, parts[at], 'flat')) as unknown as Projected;
    },
  };
}

/** One product, seen as [batch, tokens, 3, heads, width], and taken apart by `cut`. */
function stacked(
  form: Heads['form'],
  cut: (w: SpellingWriter, all: Value) => Value[],
  since?: number,
): ProjectionSpelling {
  return {
    together: true,
    even: true,
    ...(since && { since }),
    write: (w, inputs) => {
      const { q, k, v } = inputs.weights;
      const all = writeLinear(w, inputs.spec.linear, inputs.x, joined(`${inputs.name}.qkv`, [q, k, v]));
      const { heads: count, queryKey } = inputs.spec;
      const apart = w.reshape(all, [w.axis(inputs.x, 0), w.axis(inputs.x, 1), 3, count, queryKey]);
      const parts = cut(w, apart);
      return PARTS.map((part, at) => heads(w, part, inputs, parts[at], form)) as unknown as Projected;
    },
  };
}

/** One product whose outputs lie head by head: queries, keys and values of a head side by side. */
function interleaved(cut: (w: SpellingWriter, apart: Value, sizes: AttentionSizes) => Value[]): ProjectionSpelling {
  return {
    together: true,
    even: true,
    write: (w, inputs) => {
      const { q, k, v } = inputs.weights;
      const { heads: count, queryKey } = inputs.spec;
      const order = Array.from({ length: 3 * count * queryKey }, (_, at) => {
        const [head, part, neuron] = [Math.floor(at / (3 * queryKey)), Math.floor(at / queryKey) % 3, at % queryKey];
        return part * count * queryKey + head * queryKey + neuron;
      });
      const all = joined(`${inputs.name}.qkv`, [q, k, v]);
      const turned = { weight: all.weight.take(1, order), ...(all.bias && { bias: all.bias.take(0, order) }) };
      const product = writeLinear(w, inputs.spec.linear, inputs.x, turned);
      const apart = w.reshape(product, [w.axis(inputs.x, 0), w.axis(inputs.x, 1), count, 3 * queryKey]);
      const parts = cut(w, apart, inputs.spec);
      return PARTS.map((part, at) => heads(w, part, inputs, parts[at], 'tokens-first')) as unknown as Projected;
    },
  };
}

/** Bounds of the parts of an axis. */
function bounds(sizes: readonly number[]): [number, number][] {
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return [start - size, start];
  });
}

/** Spellings of the projections by name. */
export const PROJECTIONS = {
  separate: each((w, part, inputs) => {
    const { value } = source(w, part, inputs);
    const made = writeLinear(w, inputs.spec.linear, value, inputs.weights[part]);
    return heads(w, part, inputs, made, 'flat');
  }),
  'einsum-dense': each((w, part, inputs) => {
    // Keras: a kernel [inputs, heads, width].
    const { weight, bias } = inputs.weights[part];
    const { heads: count, width } = sizesOf(part, inputs.spec);
    const kernel = w.weight(weight.split(1, [count, width]));
    const product = w.op('Einsum', [source(w, part, inputs).value, kernel], { equation: 'abc,cde->abde' });
    const shifted = bias ? w.op('Add', [product, w.weight(bias.split(0, [count, width]))]) : product;
    return heads(w, part, inputs, shifted, 'tokens-first');
  }),
  'einsum-heads-first': each((w, part, inputs) => {
    const { weight, bias } = inputs.weights[part];
    const { heads: count, width } = sizesOf(part, inputs.spec);
    const kernel = w.weight(weight.split(1, [count, width]).transpose([1, 0, 2]));
    const product = w.op('Einsum', [kernel, source(w, part, inputs).value], { equation: 'hcd,btc->bhtd' });
    const shifted = bias ? w.op('Add', [product, w.weight(bias.split(0, [count, width]).expand(1))]) : product;
    return heads(w, part, inputs, shifted, 'heads-first');
  }),
  'product-by-heads': each((w, part, inputs) => {
    // Every head its own matrix: [batch, 1, tokens, inputs] times [heads, inputs, width].
    const { weight, bias } = inputs.weights[part];
    const { heads: count, width } = sizesOf(part, inputs.spec);
    const matrices = w.weight(weight.split(1, [count, width]).transpose([1, 0, 2]));
    const product = w.op('MatMul', [w.unsqueeze(source(w, part, inputs).value, 1), matrices]);
    const shifted = bias ? w.op('Add', [product, w.weight(bias.split(0, [count, width]).expand(1))]) : product;
    return heads(w, part, inputs, shifted, 'heads-first');
  }),
  'key-value-split': {
    write: (w, inputs) => {
      const { q, k, v } = inputs.weights;
      const query = writeLinear(w, inputs.spec.linear, inputs.x, q);
      const both = writeLinear(w, inputs.spec.linear, inputs.memory, joined(`${inputs.name}.kv`, [k, v]));
      const parts = [
        query,
        ...w.split(
          both,
          2,
          [k, v].map(({ weight }) => weight.dims[1]),
        ),
      ];
      return PARTS.map((part, at) => heads(w, part, inputs, parts[at], 'flat')) as unknown as Projected;
    },
  },
  split: fused((w, all, sizes) => w.split(all, 2, sizes)),
  'split-last': fused((w, all, sizes) => w.split(all, -1, sizes)),
  'split-evenly': fused(
    (w, all) => w.ops('Split', [all], 3, w.opset >= 18 ? { axis: 2, num_outputs: 3 } : { axis: 2 }),
    { even: true },
  ),
  slice: fused((w, all, sizes) => bounds(sizes).map(([from, to]) => w.slice(all, 2, from, to))),
  'slice-open': fused((w, all, sizes) =>
    bounds(sizes).map(([from, to], at) => w.slice(all, -1, from, at === 2 ? Number.MAX_SAFE_INTEGER : to)),
  ),
  'gather-columns': fused((w, all, sizes) =>
    bounds(sizes).map(([from, to]) => {
      const columns = Array.from({ length: to - from }, (_, at) => from + at);
      return w.op('Gather', [all, w.indices([columns.length], columns)], { axis: 2 });
    }),
  ),
  'split-to-sequence': fused((w, all, sizes) => {
    const lengths = w.op('Constant', [], { value: Tensor.int64([sizes.length], sizes) });
    const sequence = w.op('SplitToSequence', [all, lengths], { axis: 2 });
    return sizes.map((_, at) => w.op('SequenceAt', [sequence, w.int(at)]));
  }),
  gather: stacked('heads-first', (w, all) => {
    const front = w.transpose(all, 2, 0, 3, 1, 4);
    return [0, 1, 2].map((at) => w.op('Gather', [front, w.int(at)], { axis: 0 }));
  }),
  'gather-in-place': stacked('tokens-first', (w, all) =>
    [0, 1, 2].map((at) => w.op('Gather', [all, w.int(at)], { axis: 2 })),
  ),
  unbind: stacked('heads-first', (w, all) =>
    w.split(w.transpose(all, 2, 0, 3, 1, 4), 0, [1, 1, 1]).map((part) => w.squeeze(part, 0)),
  ),
  'slice-and-squeeze': stacked('tokens-first', (w, all) =>
    [0, 1, 2].map((at) => w.squeeze(w.slice(all, 2, at, at + 1), 2)),
  ),
  'interleaved-split': interleaved((w, apart, { queryKey }) => w.split(apart, 3, [queryKey, queryKey, queryKey])),
  'interleaved-slice': interleaved((w, apart, { queryKey }) =>
    [0, 1, 2].map((at) => w.slice(apart, 3, at * queryKey, (at + 1) * queryKey)),
  ),
  'interleaved-gather': interleaved((w, apart, { heads: count, queryKey }) => {
    const five = w.op('Reshape', [apart, w.ints(0, 0, count, 3, queryKey)]);
    return [0, 1, 2].map((at) => w.op('Gather', [five, w.int(at)], { axis: 3 }));
  }),
} as const satisfies Record<string, ProjectionSpelling>;

/** Name of a spelling of the projections. */
export type ProjectionName = keyof typeof PROJECTIONS;

/** The spelling of that name. */
export function projectionSpelling(name: ProjectionName): ProjectionSpelling {
  return PROJECTIONS[name];
}
