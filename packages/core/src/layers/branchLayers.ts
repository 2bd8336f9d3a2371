import type { Branch, NeuronGroup } from '@snp/graph';
import type { Value } from '@snp/onnx';
import { type LinearReader, linearReader, readerRows, writeReader } from './linearReader.js';
import type { Weights } from './weights.js';

/** The layer whose result, bias and all, a branch adds to the stream. */
export interface LastLayer extends LinearReader {
  /** Whose neurons it reads. */
  group: NeuronGroup;
}

/** A branch in front of another one on the same stream, with a last layer that can do the work of both. */
export interface Predecessor {
  branch: Branch;
  layer: LastLayer;
}

/** The last layer of a branch, or why there is none that can be rewritten. */
export function lastLayer({ groups, sum, stream }: Branch): LastLayer | string {
  const added = sum.inputs[1 - stream];
  for (const group of groups) {
    if (group.kind !== 'value' && group.kind !== 'ffn') continue;
    const reader = linearReader(group);
    if (typeof reader === 'string') continue;
    const { node } = reader.site;
    const [result] = node.outputs;
    const biased = reader.bias && node.opType !== 'Gemm' ? result?.consumers[0]?.outputs[0] : result;
    if (biased === added) return { ...reader, group };
  }
  return 'does not end with a layer that can be rewritten';
}

/** A layer's weights, [positions of what it reads, outputs]. */
export function positionRows(layer: LastLayer): Float64Array {
  const { inputAtSite } = layer;
  const rows = readerRows(layer);
  const outputs = rows.length / inputAtSite.length;
  const inOrder = new Float64Array(rows.length);
  inputAtSite.forEach((input, at) => {
    inOrder.set(rows.subarray(input * outputs, (input + 1) * outputs), at * outputs);
  });
  return inOrder;
}

/** What a layer gains. */
export interface LayerChange {
  /** [inputs, outputs] */
  weights: Float32Array | Float64Array;
  /** Zeros where the layer has no bias. */
  offset: Float64Array;
}

/** Adds to a layer's weights and bias. */
export function addToLayer(layer: LastLayer, { weights: gain, offset }: LayerChange, weights: Weights): void {
  const rows = readerRows(layer, weights);
  for (let at = 0; at < rows.length; at++) rows[at] += gain[at];
  const all = Array.from({ length: layer.group.units }, (_, unit) => unit);
  writeReader(layer, all, { weights: rows, offset }, weights);
}

/** Branches in front of one, the nearest first, as far as nothing but branches reads the stream between, so that what one of them adds instead is not looked at on the way. */
export function predecessorsOf(branch: Branch, branches: readonly Branch[]): Predecessor[] {
  const found: Predecessor[] = [];
  for (let at: Branch | undefined = branch; at; ) {
    const stream: Value = at.sum.inputs[at.stream]!;
    const readers: Branch = at;
    const previous: Branch | undefined = branches.find(({ sum }) => sum.outputs[0] === stream);
    const alone = stream.consumers.every((node) => node === readers.sum || readers.nodes.has(node));
    if (!previous || !alone) break;
    const layer = lastLayer(previous);
    if (typeof layer === 'object') found.push({ branch: previous, layer });
    at = previous;
  }
  return found;
}
