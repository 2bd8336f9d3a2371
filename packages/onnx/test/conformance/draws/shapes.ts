import { listed, operand } from '../draw.js';
import { at, axesOf, type Draws } from '../drawing.js';

/** Operators that read shapes, change them, and cut and join tensors. */
export const shapes: Draws = [
  [
    'Shape',
    (r) => {
      const opset = r.pick([7, 13, 15, 19]);
      const rank = r.int(0, 5);
      const bound = () => r.int(-rank - 2, rank + 2);
      return {
        op: 'Shape',
        opset,
        inputs: [
          operand(
            r.number(),
            r.list(rank, () => r.int(1, 4)),
          ),
        ],
        attributes: opset >= 15 ? { ...r.maybe('start', bound), ...r.maybe('end', bound) } : {},
      };
    },
  ],
  ['Size', (r) => ({ op: 'Size', opset: r.pick([7, 13]), inputs: [operand(r.number(), r.dims())] })],
  [
    'Reshape',
    (r) => {
      const opset = r.pick([7, 13, 14, 19]);
      const dims = r.dims(0, 5);
      // Neighbours are merged, ones are put in, one size may be left open and some may be copied.
      const target: number[] = [];
      for (const dim of dims) {
        if (target.length > 0 && r.chance(0.3)) target[target.length - 1] *= dim;
        else if (dim === 4 && r.chance()) target.push(2, 2);
        else target.push(dim);
        if (r.chance(0.15)) target.push(1);
      }
      const copied = target.map((dim, axis) => (dim === dims[axis] && r.chance(0.4) ? 0 : dim));
      if (copied.length > 0 && r.chance()) copied[r.int(0, copied.length - 1)] = -1;
      const allowed = opset >= 14 && r.chance(0.3);
      return {
        op: 'Reshape',
        opset,
        inputs: [
          operand(r.number(), dims),
          {
            ...listed(allowed ? copied.map((dim, axis) => (dim === 0 ? dims[axis] : dim)) : copied),
            constant: r.chance(0.8),
          },
        ],
        attributes: allowed ? { allowzero: 1 } : {},
      };
    },
  ],
  [
    'Flatten',
    (r) => {
      const opset = r.pick([7, 9, 11, 13]);
      const dims = r.dims(0, 5);
      return {
        op: 'Flatten',
        opset,
        inputs: [operand('FLOAT', dims)],
        attributes: r.maybe('axis', () => r.int(opset < 11 ? 0 : -dims.length, dims.length)),
      };
    },
  ],
  [
    'Squeeze',
    (r) => {
      const opset = r.pick([7, 11, 13, 21]);
      const dims = r.dims(0, 5, 3);
      const ones = dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
      const axes = r.chance(0.3)
        ? undefined
        : r
            .shuffled(ones)
            .slice(0, r.int(0, ones.length))
            .map((axis) => (opset >= 11 && r.chance() ? axis - dims.length : axis));
      const stated = axesOf(opset, 12, axes);
      return {
        op: 'Squeeze',
        opset,
        inputs: [operand(r.number(), dims), ...stated.inputs],
        attributes: stated.attributes,
      };
    },
  ],
  [
    'Unsqueeze',
    (r) => {
      const opset = r.pick([7, 11, 13, 21]);
      const dims = r.dims(0, 3);
      const count = r.int(1, 2);
      const rank = dims.length + count;
      const axes = r
        .shuffled(Array.from({ length: rank }, (_, axis) => axis))
        .slice(0, count)
        .map((axis) => (opset >= 11 && r.chance() ? axis - rank : axis));
      const stated = axesOf(opset, 12, axes);
      return {
        op: 'Unsqueeze',
        opset,
        inputs: [operand(r.number(), dims), ...stated.inputs],
        attributes: stated.attributes,
      };
    },
  ],
  [
    'Transpose',
    (r) => {
      const dims = r.dims(0, 5);
      return {
        op: 'Transpose',
        opset: r.pick([7, 13, 21]),
        inputs: [operand(r.number(), dims)],
        attributes: r.maybe('perm', () => r.shuffled(dims.map((_, axis) => axis)), 0.7),
      };
    },
  ],
  [
    'Expand',
    (r) => {
      const dims = r.dims(0, 5);
      const [a, b] = r.shuffled([dims, r.broadcastable(dims)]);
      return {
        op: 'Expand',
        opset: r.pick([8, 13]),
        inputs: [operand(r.number(), a), { ...listed(b), constant: r.chance(0.7) }],
      };
    },
  ],
  [
    'Tile',
    (r) => {
      const dims = r.dims(1, 4, 3);
      return {
        op: 'Tile',
        opset: r.pick([7, 13]),
        inputs: [operand(r.pick(['FLOAT', 'INT64', 'INT32']), dims), listed(dims.map(() => r.int(0, 3)))],
      };
    },
  ],
  [
    'Slice',
    (r) => {
      const opset = r.pick([7, 10, 11, 13]);
      const dims = r.dims(1, 4, 7);
      const all = r.axes(dims.length, 1).map((axis) => (opset < 11 ? at(axis, dims.length) : axis));
      const axes = r.chance(0.7) ? all : undefined;
      const count = axes?.length ?? r.int(1, dims.length);
      const bound = () => r.pick([r.int(-9, 9), 0, -1, 2 ** 31 - 1, -(2 ** 31) + 1]);
      const [starts, ends] = [r.list(count, bound), r.list(count, bound)];
      if (opset < 10)
        return {
          op: 'Slice',
          opset,
          inputs: [operand('FLOAT', dims)],
          attributes: { starts, ends, ...(axes && { axes }) },
        };
      const steps = r.chance() ? r.list(count, () => r.pick([1, 2, 3, -1, -2])) : undefined;
      return {
        op: 'Slice',
        opset,
        inputs: [operand(r.number(), dims), listed(starts), listed(ends), axes && listed(axes), steps && listed(steps)],
      };
    },
  ],
  [
    'Split',
    (r) => {
      const opset = r.pick([7, 11, 13, 18]);
      const axis = r.int(0, 2);
      const outputs = r.int(1, 3);
      const stated = r.chance();
      const sizes = r.list(outputs, () => r.int(stated && opset >= 11 ? 0 : 1, 3));
      const dims = [r.int(1, 3), r.int(1, 3), r.int(1, 3)];
      const even = r.int(1, 3) * outputs;
      dims[axis] = stated
        ? sizes.reduce((sum, size) => sum + size, 0)
        : opset >= 18 && outputs > 1 && even > outputs
          ? even - r.int(0, 1)
          : even;
      if (dims[axis] === 0) dims[axis] = sizes[0] = 1;
      const attributes = { axis: opset >= 11 && r.chance() ? axis - 3 : axis };
      if (!stated)
        return {
          op: 'Split',
          opset,
          inputs: [operand(r.number(), dims)],
          attributes: { ...attributes, ...(opset >= 18 && { num_outputs: outputs }) },
          outputs,
        };
      return {
        op: 'Split',
        opset,
        inputs: [operand(r.number(), dims), ...(opset >= 13 ? [listed(sizes)] : [])],
        attributes: { ...attributes, ...(opset < 13 && { split: sizes }) },
        outputs,
      };
    },
  ],
  [
    'Concat',
    (r) => {
      const opset = r.pick([7, 11, 13]);
      const dims = r.dims(1, 4);
      const axis = r.int(0, dims.length - 1);
      const type = r.number();
      return {
        op: 'Concat',
        opset,
        inputs: r.list(r.int(1, 3), () => operand(type, dims.with(axis, r.int(1, 4)))),
        attributes: { axis: opset >= 11 && r.chance() ? axis - dims.length : axis },
      };
    },
  ],
  [
    'Pad',
    (r) => {
      const opset = r.pick([7, 11, 13, 18, 19]);
      const dims = r.dims(1, 4).map((dim) => dim + 2);
      const mode = r.maybe('mode', () => r.pick(['constant', 'reflect', 'edge']));
      const axes = opset >= 18 && r.chance() ? r.axes(dims.length, 1) : undefined;
      const count = axes?.length ?? dims.length;
      const pads = r.list(2 * count, () => r.int(mode.mode === 'reflect' || mode.mode === 'edge' ? 0 : -1, 2));
      if (opset < 11)
        return {
          op: 'Pad',
          opset,
          inputs: [operand('FLOAT', dims)],
          attributes: { pads, ...mode, ...r.maybe('value', () => 0.5) },
        };
      return {
        op: 'Pad',
        opset,
        inputs: [
          operand('FLOAT', dims),
          listed(pads),
          r.chance() ? operand('FLOAT', [], { data: [0.5] }) : undefined,
          axes && listed(axes),
        ],
        attributes: mode,
      };
    },
  ],
];
