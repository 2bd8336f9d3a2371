import type { Dim, Value } from '@snp/onnx';
import type { GraphWriter } from '../../write/graphWriter.js';
import type { WriteOutCall, WriteOutRule } from '../call.js';
import { apart, together } from './heads.js';

interface Rotation {
  /** [batch, tokens, width / 2], or [tokens, width / 2] */
  cos: Value;
  sin: Value;
  /** Whether neighbours form pairs, not halves. */
  interleaved: boolean;
  /** How many neurons are rotated: the first ones. 0: all. */
  part: number;
}

/** Rotates pairs of neurons of [batch, heads, tokens, width]. */
export function rotated(writer: GraphWriter, x: Value, { cos, sin, interleaved, part }: Rotation): Value {
  const [axis, none, far] = [writer.ints([3]), writer.ints([0]), writer.ints([2 ** 31 - 1])];
  const edge = writer.ints([part]);
  const turning = part > 0 ? writer.slice(x, { starts: none, ends: edge, axes: axis }) : x;
  const rest = part > 0 ? writer.slice(x, { starts: edge, ends: far, axes: axis }) : undefined;
  const half = writer.sizeOf(cos, -1);
  const halves = () => [
    writer.slice(turning, { starts: none, ends: half, axes: axis }),
    writer.slice(turning, { starts: half, ends: far, axes: axis }),
  ];
  const every = (first: number) => {
    const picked = writer.op('Slice', [turning, writer.ints([first]), far, axis, writer.ints([2])]);
    return picked;
  };
  const [a, b] = interleaved ? [every(0), every(1)] : halves();
  const [c, s] = [cos, sin].map((table) => writer.unsqueeze(table, [1]));
  const real = writer.sub(writer.mul(a, c), writer.mul(b, s));
  const imaginary = writer.add(writer.mul(b, c), writer.mul(a, s));
  let turned = writer.concat([real, imaginary], 3);
  if (interleaved) {
    const pairs = writer.concat([writer.unsqueeze(real, [4]), writer.unsqueeze(imaginary, [4])], 4);
    turned = writer.reshape(pairs, writer.shapeOf(turning));
  }
  return rest ? writer.concat([turned, rest], 3) : turned;
}

/** Rotates input 0, whose heads are apart or together. */
function rotary(
  call: WriteOutCall,
  tables: { cos: Value; sin: Value },
  columns: Dim | undefined,
): readonly Value[] | undefined {
  const { writer, node } = call;
  const x = call.input(0);
  const merged = call.shape(x).length === 3;
  const part = node.int('rotary_embedding_dim', 0);
  const heads = node.int('num_heads', 0) || headsOf(call, typeof columns === 'number' ? 2 * columns : 0);
  if (merged && !heads) return undefined;
  const own = merged ? apart(writer, x, heads) : x;
  const turned = rotated(writer, own, { ...tables, interleaved: node.int('interleaved', 0) === 1, part });
  return [merged ? together(writer, turned) : turned];
}

/** Heads are as many as fit, where all their neurons are rotated. */
function headsOf(call: WriteOutCall, width: number): number {
  const all = call.shape(call.input(0)).at(-1);
  return typeof all === 'number' && width > 0 ? all / width : 0;
}

/** ONNX's own: tables of positions, or of each sample's tokens. */
const standard: WriteOutRule = (call) => {
  const { writer } = call;
  const places = call.maybe(3);
  const [cos, sin] = [1, 2].map((index) => {
    const table = call.input(index);
    return places ? writer.op('Gather', [table, places]) : table;
  });
  return rotary(call, { cos, sin }, call.shape(call.input(1)).at(-1));
};

/** onnxruntime's: positions of all tokens, or of the first one. */
const contrib: WriteOutRule = (call) => {
  const { writer, node } = call;
  if (node.int('is_packed_batching', 0) || node.float('scale', 1) !== 1) return undefined;
  const x = call.input(0);
  const places = placesOf(call, writer.sizeOf(x, call.shape(x).length === 3 ? 1 : 2));
  const [cos, sin] = [2, 3].map((index) => writer.op('Gather', [call.input(index), places]));
  return rotary(call, { cos, sin }, call.shape(call.input(2)).at(-1));
};

function placesOf(call: WriteOutCall, tokens: Value): Value {
  const { writer } = call;
  const places = call.input(1);
  if (call.shape(places).length === 2) return places;
  const counted = writer.op('Range', [writer.int(0), writer.squeeze(tokens, [0]), writer.int(1)]);
  return writer.unsqueeze(writer.add(counted, places), [0]);
}

/** Rotations of pairs of neurons. */
export const ROTARIES: Readonly<Record<string, WriteOutRule>> = {
  RotaryEmbedding: standard,
  'com.microsoft.RotaryEmbedding': contrib,
};
