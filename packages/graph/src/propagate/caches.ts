import { type Dim, dimsEqual, isFloatType, type Node, type Value } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import { Factor } from '../layout/factor.js';
import { type Field, flattenAxis, type Layout, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';

/** A graph input that may hold what graph outputs held a run before: past keys or values of an attention. */
export interface Cache {
  readonly input: Value;
  /** The outputs that hold the input and what the run adds to it. */
  readonly outputs: readonly Value[];
}

/** Where operators pass a cache on: the inputs that an output goes on with. */
const CARRIERS: Readonly<Record<string, Readonly<Record<number, readonly number[]>>>> = {
  Cast: { 0: [0] },
  Identity: { 0: [0] },
  Transpose: { 0: [0] },
  Reshape: { 0: [0] },
  Squeeze: { 0: [0] },
  Unsqueeze: { 0: [0] },
  Gather: { 0: [0] },
  Slice: { 0: [0] },
  Attention: { 1: [4], 2: [5] },
  'com.microsoft.MultiHeadAttention': { 1: [6], 2: [7] },
  'com.microsoft.DecoderMaskedMultiHeadAttention': { 1: [5], 2: [6] },
  'com.microsoft.GroupQueryAttention': { 1: [3], 2: [4] },
  'com.microsoft.SparseAttention': { 1: [3], 2: [4] },
};

/** Graph inputs that come back from graph outputs, by the way that the values take. */
export function findCaches({ graph, shapes }: Pick<Propagation, 'graph' | 'shapes'>): Cache[] {
  const outputsOf = new Map<Value, Value[]>();
  const inputs = new Set(graph.inputs.filter(({ tensor, type }) => !tensor && isFloatType(type?.elementType)));
  for (const output of graph.outputs) {
    if (inputs.has(output)) continue;
    for (const input of carried(output)) {
      const fits = inputs.has(input) && shapes.shape(input)?.length === shapes.shape(output)?.length;
      if (fits) outputsOf.set(input, [...(outputsOf.get(input) ?? []), output]);
    }
  }
  return [...outputsOf].map(([input, outputs]) => ({ input, outputs }));
}

/** The values without a producer that an output carries. */
function carried(output: Value): Value[] {
  const seen = new Set<Value>();
  const visit = (value: Value | undefined): Value[] => {
    if (!value || seen.has(value)) return [];
    seen.add(value);
    const node = value.producer;
    return node ? carriersOf(node, value).flatMap(visit) : [value];
  };
  return visit(output);
}

function carriersOf(node: Node, value: Value): (Value | undefined)[] {
  if (node.op === 'Concat') return node.inputs.filter((input) => !input?.tensor);
  return (CARRIERS[node.op]?.[node.outputs.indexOf(value)] ?? []).map((index) => node.inputs[index]);
}

/** Heads and neurons of a cache, `[batch, heads, tokens, neurons]` or any order of these: the axes whose sizes are known and stay. */
export function cacheLayout({ input, outputs }: Cache, walk: Propagation): Layout | undefined {
  const shape = walk.shapes.shape(input)!;
  const stays = (dim: Dim, axis: number) =>
    axis > 0 &&
    typeof dim === 'number' &&
    dim > 1 &&
    outputs.every((output) => dimsEqual(dim, walk.shapes.shape(output)![axis]));
  const axes = [...shape.keys()].filter((axis) => stays(shape[axis], axis));
  if (axes.length === 0 || axes.length > shape.length - 2 || shape.length > 4) return undefined;
  const layout = plainLayout(shape);
  const factors = axes.map((axis) => layout.axes[axis][0] ?? new Factor(shape[axis]));
  const size = factors.reduce((product, factor) => product * (factor.size as number), 1);
  return { axes: layout.axes, fields: [{ factors, labels: walk.labels.addFree(size), zero: false }] };
}

/**
 * Leaves caches as other programs know them, or, where both sides may be cut, those alone that do not come back as they left. To be called before
 * outputs freeze what reaches them. Returns the outputs whose widths may be cut.
 */
export function settleCaches(caches: readonly Cache[], walk: Propagation, narrow: boolean): ReadonlySet<Value> {
  const free = new Set<Value>();
  for (const { input, outputs } of caches) {
    const layout = walk.layouts.get(input);
    const [field] = layout?.fields ?? [];
    if (!layout || !field) continue;
    const back = outputs.filter((output) => comesBack(field, layout, walk.layouts.get(output), walk));
    if (back.length === 0) freezeAll(field, walk, `comes from the model's input '${input.name}'`);
    else if (narrow) for (const output of back) free.add(output);
    else freezeAll(field, walk, whyKept(field, back[0], walk));
  }
  return free;
}

function freezeAll(field: Field, { labels }: Propagation, reason: string): void {
  for (const label of field.labels) labels.freeze(label, { node: undefined, operator: undefined, reason });
}

function whyKept({ labels: [first] }: Field, output: Value, { labels }: Propagation): string {
  const what = labels.has(first, Mark.contracted) ? 'keys' : labels.has(first, Mark.mixed) ? 'values' : 'positions';
  return `${what} leave through the output '${output.name}' and come back through an input: other programs feed them; --narrow-cache cuts them on both sides`;
}

/** True if every position of an input stands at the same position of an output. */
function comesBack(field: Field, from: Layout, to: Layout | undefined, { labels }: Propagation): boolean {
  const whole = to?.axes.reduce<Layout | undefined>((flat, _, axis) => flat && flattenAxis(flat, axis), to);
  const axesOf = (layout: Layout, own: Field) =>
    own.factors.map((factor) => layout.axes.findIndex((axis) => axis[0] === factor));
  const axes = axesOf(from, field);
  return (
    whole?.fields.some(
      (other) =>
        axesOf(whole, other).join() === axes.join() &&
        other.labels.length === field.labels.length &&
        other.labels.every((label, at) => labels.find(label) === labels.find(field.labels[at])),
    ) ?? false
  );
}
