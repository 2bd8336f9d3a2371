import type { Analysis, Group, Site } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';

/** The linear layer that writes the queries of a group, as it can be rewritten. */
export interface QueryProjection {
  query: Site;
  key: Site;
  weight: Value;
  /** Axis of the weight that runs along its outputs. */
  axis: number;
  bias: Value | undefined;
  /** Position of every unit's query neuron along the outputs. */
  positionOf: Int32Array;
}

/** The projection that queries come from, or why it cannot take a mixture of them. */
export function queryProjection(group: Group, { walk }: Analysis): QueryProjection | string {
  const queries = group.sites.filter(({ role }) => role === 'query');
  const keys = group.sites.filter(({ role }) => role === 'key');
  if (queries.length !== 1 || keys.length !== 1) return `has ${queries.length} queries for ${keys.length} keys`;
  const [query, key] = [queries[0], keys[0]];
  for (const { unitAt } of [query, key]) {
    if (unitAt.length !== group.units || new Set(unitAt).size !== group.units)
      return 'has keys that several queries share';
  }
  const projection = producerOf(query.value);
  if (typeof projection === 'string') return projection;
  const { node, bias } = projection;
  const weight = node.inputs[1];
  if (!weight?.tensor || weight.uses.size !== 1) return 'has queries from a weight that other layers share';
  if (weight.tensor.dataType !== 'FLOAT' || weight.tensor.dims.length !== 2)
    return 'has queries from a weight of another kind than float32 matrices';
  const axis = node.opType === 'Gemm' && node.int('transB', 0) === 1 ? 0 : 1;
  if (bias && (bias.uses.size !== 1 || bias.tensor!.size !== weight.tensor.dims[axis]))
    return 'has queries with a bias that other layers share';
  const positionOf = positionsOf(group, query.value, new Set([weight, bias]), walk);
  return positionOf
    ? { query, key, weight, axis, bias, positionOf }
    : 'has queries that cannot be traced to their weight';
}

/** Moves positions about, but computes nothing. */
const MOVES = new Set([
  'Reshape',
  'Transpose',
  'Split',
  'Slice',
  'Gather',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Flatten',
]);

/** The product that a value comes from by nothing but moves, one bias and scalars: whatever is linear in all neurons alike. */
function producerOf(value: Value): { node: Node; bias: Value | undefined } | string {
  let bias: Value | undefined;
  for (let node = value.producer; node; ) {
    if (node.opType === 'MatMul' && node.inputs[1]?.tensor) return { node, bias };
    if (node.opType === 'Gemm' && node.float('alpha', 1) === 1 && node.float('beta', 1) === 1)
      return { node, bias: node.inputs[2] };
    const constant = node.inputs.find((input) => input?.tensor);
    const data = node.inputs.find((input) => !input?.tensor);
    if (node.opType === 'Add' && constant && !bias) bias = constant;
    else {
      const scalar = (node.opType === 'Mul' || node.opType === 'Div') && constant?.tensor?.size === 1;
      if (!scalar && !MOVES.has(node.opType)) return `has queries that ${node.label} acts on one by one`;
    }
    node = data?.producer;
  }
  return 'has queries that do not come from a product';
}

/** Where each unit's query neuron stands along the outputs of the projection: the labels it bears came from there. */
function positionsOf(
  group: Group,
  value: Value,
  sources: ReadonlySet<Value | undefined>,
  walk: Analysis['walk'],
): Int32Array | undefined {
  const slots = walk.labels.slots.filter((slot) => sources.has(slot.initializer));
  const unitOfRoot = new Map([...group.labels].map((label, unit) => [walk.labels.find(label), unit]));
  const positionOf = new Int32Array(group.units).fill(-1);
  for (const { labels } of walk.layouts.get(value)?.fields ?? []) {
    for (const label of labels) {
      const unit = unitOfRoot.get(walk.labels.find(label));
      const slot = slots.find(({ first, size }) => label >= first && label < first + size);
      if (unit !== undefined && slot) positionOf[unit] = label - slot.first;
    }
  }
  return positionOf.includes(-1) ? undefined : positionOf;
}
