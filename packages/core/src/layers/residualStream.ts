import type { Analysis, Member, NeuronGroup } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';
import { biasOf, type LinearReader, unitInputs } from './linearReader.js';
import { CARRIES, isClosed, type Norm, normEndingIn } from './norm.js';
import { isOwnWeight, storedWeight } from './weights.js';

/** A layer that reads the residual stream through a norm. */
export interface StreamReader extends LinearReader {
  norm: Norm;
}

/** The residual stream with all that writes and reads it, as it can be rotated. */
export interface Stream {
  /** True where norms take the mean away (LayerNorm), false where they do not (RMSNorm). */
  centring: boolean;
  /** Weights, biases and embeddings that are added to the stream. */
  terms: readonly Member[];
  norms: readonly Norm[];
  readers: readonly StreamReader[];
}

const PRODUCTS = new Set(['MatMul', 'Gemm']);
const SIZES = new Set(['Shape', 'Size']);

/** Whether a value is the stream itself or what a norm made of it. */
type State = 'stream' | Norm;

/**
 * The residual stream of a group of kind `residual`, or why it cannot be rotated: between writers and norms lie only sums, between norms and readers
 * nothing, so that a rotation of all writers is undone by one of all readers.
 */
export function residualStream(group: NeuronGroup, analysis: Analysis): Stream | string {
  const odd = group.members.find(({ initializer, unitOf }) => {
    const whole = unitOf.length === group.units && new Set(unitOf).size === group.units;
    return !whole || !isOwnWeight(initializer);
  });
  if (odd) return `has '${odd.initializer.name}', which is shared, of whole numbers, or only in part of the stream`;
  const states = followStream(group, analysis);
  if (typeof states === 'string') return states;
  const norms = [...new Set(states.values())].filter((state) => state !== 'stream');
  const readers: StreamReader[] = [];
  for (const member of group.members.filter(({ role }) => role === 'input')) {
    const site = group.sites.find(({ node }) =>
      node.inputs.some((input) => storedWeight(input) === member.initializer),
    );
    const norm = site && states.get(site.value);
    if (!site || !norm || norm === 'stream')
      return `has a layer that reads it without a norm ('${member.initializer.name}')`;
    if (!PRODUCTS.has(site.node.opType) || member.initializer.tensor!.dims.length !== 2)
      return `is read by ${site.node.label}, which is no matrix product`;
    const inputs = unitInputs(group, member, site);
    if (!inputs) return `is read by ${site.node.label} in part`;
    readers.push({ site, member, ...inputs, bias: biasOf(site.node, member), norm });
  }
  const missing = readers.find(({ bias, norm }) => !bias && norm.shift && !isZero(norm.shift));
  if (missing) return `is read by ${missing.site.node.label}, which has no bias to take the norm's`;
  const kinds = new Set(norms.map(({ centring }) => centring));
  if (kinds.size !== 1) return 'has norms of different kinds';
  const parameters = new Set(norms.flatMap(({ scale, shift }) => [scale, shift]));
  const terms = group.members.filter(({ role, initializer }) => role !== 'input' && !parameters.has(initializer));
  return { centring: kinds.has(true), terms, norms, readers };
}

/** What every value that carries the group's channels is, or what acts on single channels. */
function followStream(group: NeuronGroup, { model, walk }: Analysis): Map<Value, State> | string {
  const roots = new Set([...group.labels].map((label) => walk.labels.find(label)));
  const own = new Set(group.members.map(({ initializer }) => initializer));
  const carries = (value: Value) =>
    (walk.layouts.get(value)?.fields ?? []).some(({ labels }) => roots.has(walk.labels.find(labels[0])));
  const states = new Map<Value, State>();
  const norms = normsOf(model.graph.nodes, own);
  const inside = new Set([...norms.values()].flatMap(({ nodes }) => nodes.slice(1)));
  for (const node of model.graph.nodes) {
    if (inside.has(node) || storedWeight(node.outputs[0])) continue;
    const norm = norms.get(node);
    if (norm) {
      if (states.get(norm.input) !== 'stream') return `has a norm of something else than sums (${node.label})`;
      states.set(node.outputs[0]!, norm);
      continue;
    }
    const read = node.inputs.flatMap((value) => (value && states.get(value)) ?? []);
    const written = node.outputs.filter((value) => value && carries(value));
    if (read.length === 0 && written.length === 0) continue;
    if (SIZES.has(node.opType)) continue;
    const state = stateBehind(node, read, own);
    if (state === undefined) return `goes through ${node.label}, which acts on single channels`;
    for (const value of written) states.set(value!, state);
  }
  return states;
}

/** Norms with scales of the group, by their last nodes. */
function normsOf(nodes: readonly Node[], own: ReadonlySet<Value>): Map<Node, Norm> {
  const norms = new Map<Node, Norm>();
  // From the end: where a shift follows, the norm ends with it.
  const taken = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    const norm = taken.has(node) ? undefined : normEndingIn(node);
    if (!norm || !isClosed(norm) || !own.has(norm.scale) || (norm.shift && !own.has(norm.shift))) continue;
    norms.set(node, norm);
    for (const part of norm.nodes) taken.add(part);
  }
  return norms;
}

/** What a node makes of the stream: undefined where it acts on single channels. */
function stateBehind(node: Node, read: readonly State[], own: ReadonlySet<Value>): State | undefined {
  const streams = read.every((state) => state === 'stream');
  // Written by a weight, or an embedding.
  if (read.length === 0) return 'stream';
  if (node.opType === 'Add') {
    const others = node.inputs.flatMap((input) => storedWeight(input) ?? []).filter((weight) => !own.has(weight));
    return streams && others.length === 0 ? 'stream' : undefined;
  }
  if (CARRIES.has(node.opType)) return new Set(read).size === 1 ? read[0] : undefined;
  // A reader: what it writes is another group's.
  return PRODUCTS.has(node.opType) && !streams ? 'stream' : undefined;
}

function isZero(value: Value): boolean {
  return value.tensor!.numbers().every((number: number) => number === 0);
}
