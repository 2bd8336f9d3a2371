import type { Node, ShapeInfo, Value } from '@snp/onnx';

/** Nodes between an input and the tables that it looks up: more are not followed. */
const FURTHEST = 200;

/** Operators whose result holds the elements of input 0, wherever they come to lie. */
const CARRYING = new Set([
  'Cast',
  'Clip',
  'Concat',
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Max',
  'Min',
  'Pad',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
  'Where',
]);

/** How many different numbers an input may hold, from 0 on, so that every table it looks up has a row for each; undefined if it looks up none. */
export function rowsLookedUp(input: Value, shapes: ShapeInfo): number | undefined {
  let least: number | undefined;
  const seen = new Set<Value>();
  const waiting = [{ value: input, offset: 0 }];
  for (let next = waiting.shift(); next && seen.size < FURTHEST; next = waiting.shift()) {
    if (seen.has(next.value)) continue;
    seen.add(next.value);
    for (const { node, index } of next.value.uses) {
      const rows = rowsOfTable(node, index, shapes);
      if (rows !== undefined) least = Math.min(least ?? rows, Math.max(1, rows - next.offset));
      else if (CARRYING.has(node.opType) && !(index === 0 && node.opType === 'Where')) {
        for (const value of node.outputs) if (value) waiting.push({ ...next, value });
      } else if (node.opType === 'Add' || (node.opType === 'Sub' && index === 0)) {
        const [added] = constants(node.inputs[1 - index], shapes) ?? [0];
        const offset = next.offset + (node.opType === 'Add' ? added : -added);
        if (node.outputs[0]) waiting.push({ value: node.outputs[0], offset });
      }
    }
  }
  return least;
}

/** Rows of what input `index` of a node looks up rows of. */
function rowsOfTable(node: Node, index: number, { shape }: ShapeInfo): number | undefined {
  const table = tableOf(node, index);
  if (!table) return undefined;
  const rows = table.value && shape(table.value)?.at(table.axis);
  return typeof rows === 'number' ? rows : undefined;
}

function tableOf(node: Node, index: number): { value: Value | undefined; axis: number } | undefined {
  const { inputs } = node;
  if (node.opType === 'Gather' && index === 1) return { value: inputs[0], axis: node.int('axis', 0) };
  if (node.op === 'com.microsoft.RotaryEmbedding' && index === 1) return { value: inputs[2], axis: 0 };
  if (node.op === 'RotaryEmbedding' && index === 3) return { value: inputs[1], axis: 0 };
  if (node.op !== 'com.microsoft.EmbedLayerNormalization') return undefined;
  const table = { 0: inputs[2], 1: inputs[4], 8: inputs[3] }[index];
  return table && { value: table, axis: 0 };
}

function constants(value: Value | undefined, { content }: ShapeInfo): number[] | undefined {
  const elements = value && (value.tensor && value.tensor.size === 1 ? [...value.tensor.numbers()] : content(value));
  return elements?.every((element) => typeof element === 'number') ? [...elements] : undefined;
}
