import type { DataType } from '../../../src/index.js';
import { listed, operand } from '../draw.js';
import { at, type DrawInstance, type Draws } from '../drawing.js';

/** Interpolation, norms, quantisation, recurrent layers and attention. */
export const layers: Draws = [
  [
    'Resize',
    (r) => {
      const opset = r.pick([10, 11, 13, 18, 19]);
      const dims = [r.int(1, 2), r.int(1, 2), r.int(1, 7), r.int(1, 7)];
      const axes = opset >= 18 && r.chance() ? [2, 3] : undefined;
      const [front, count] = [axes ? [] : [1, 1], axes ? 2 : 4];
      const factors = [...front, ...r.list(2, () => r.pick([0.5, 1, 2, 3, 1.3, 0.25, 1 / 3, 2.7]))];
      const scales = operand('FLOAT', [count], { data: factors, constant: true });
      if (opset === 10)
        return {
          op: 'Resize',
          opset,
          inputs: [operand('FLOAT', dims), scales],
          attributes: r.maybe('mode', () => 'nearest'),
        };
      const mode = r.maybe('mode', () => r.pick(['nearest', 'linear']));
      const sized = r.chance();
      const roi = operand('FLOAT', [0], { data: [], constant: true });
      const empty = opset < 13 ? operand('FLOAT', [0], { data: [], constant: true }) : undefined;
      const sizes = [...(axes ? [] : dims.slice(0, 2)), r.int(1, 9), r.int(1, 9)];
      return {
        op: 'Resize',
        opset,
        inputs: [
          operand('FLOAT', dims),
          opset < 13 || r.chance() ? roi : undefined,
          sized ? empty : scales,
          ...(sized ? [listed(sizes)] : []),
        ],
        attributes: {
          ...mode,
          ...(axes && { axes: r.chance() ? axes : [-2, -1] }),
          ...(opset >= 18 && sized
            ? r.maybe('keep_aspect_ratio_policy', () => r.pick(['stretch', 'not_larger', 'not_smaller']))
            : {}),
        },
      };
    },
  ],
  [
    'Upsample',
    (r) => {
      const opset = r.pick([7, 9]);
      const factors = [1, 1, r.pick([1, 2, 1.5]), r.pick([1, 2, 3])];
      const data = operand('FLOAT', [r.int(1, 2), r.int(1, 2), r.int(1, 5), r.int(1, 5)]);
      return opset < 9
        ? { op: 'Upsample', opset, inputs: [data], attributes: { scales: [1, 1, 1.5, 2] } }
        : { op: 'Upsample', opset, inputs: [data, operand('FLOAT', [4], { data: factors, constant: true })] };
    },
  ],
  [
    'BatchNormalization',
    (r) => {
      const c = r.int(1, 4);
      const training = r.chance(0.3);
      const vector = () => operand('FLOAT', [c], { data: r.list(c, () => r.next()) });
      return {
        op: 'BatchNormalization',
        opset: r.pick(training ? [14, 15] : [7, 9, 14, 15]),
        inputs: [operand('FLOAT', [r.int(1, 3), c, ...r.dims(0, 2)]), vector(), vector(), vector(), vector()],
        attributes: training ? { training_mode: 1 } : {},
        outputs: training ? 3 : 1,
      };
    },
  ],
  [
    'LayerNormalization',
    (r) => {
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      const own = dims.slice(at(axis, dims.length));
      return {
        op: 'LayerNormalization',
        opset: 17,
        inputs: [operand('FLOAT', dims), operand('FLOAT', own), ...(r.chance() ? [operand('FLOAT', own)] : [])],
        attributes: { axis },
        outputs: r.int(1, 3),
      };
    },
  ],
  [
    'RMSNormalization',
    (r) => {
      const dims = r.dims(1, 4);
      const axis = r.axis(dims.length);
      return {
        op: 'RMSNormalization',
        opset: 23,
        inputs: [operand('FLOAT', dims), operand('FLOAT', dims.slice(at(axis, dims.length)))],
        attributes: { axis },
      };
    },
  ],
  [
    'InstanceNormalization',
    (r) => {
      const c = r.int(1, 3);
      return {
        op: 'InstanceNormalization',
        opset: 7,
        inputs: [operand('FLOAT', [r.int(1, 2), c, ...r.dims(1, 2)]), operand('FLOAT', [c]), operand('FLOAT', [c])],
      };
    },
  ],
  [
    'GroupNormalization',
    (r) => {
      const groups = r.int(1, 2);
      const c = groups * r.int(1, 2);
      return {
        op: 'GroupNormalization',
        opset: 21,
        inputs: [operand('FLOAT', [r.int(1, 2), c, ...r.dims(1, 2)]), operand('FLOAT', [c]), operand('FLOAT', [c])],
        attributes: { num_groups: groups },
      };
    },
  ],
  [
    'GridSample',
    (r) => ({
      op: 'GridSample',
      opset: r.pick([16, 20]),
      inputs: [
        operand('FLOAT', [2, r.int(1, 3), r.int(2, 4), r.int(2, 4)]),
        operand('FLOAT', [2, r.int(1, 4), r.int(1, 4), 2]),
      ],
    }),
  ],
  [
    'DequantizeLinear',
    (r) => ({
      op: 'DequantizeLinear',
      opset: r.pick([10, 13, 19]),
      inputs: [operand(r.pick(['UINT8', 'INT8', 'INT32']), r.dims(1, 3)), operand('FLOAT', [], { data: [0.5] })],
    }),
  ],
  [
    'QuantizeLinear',
    (r) => {
      const zero = r.pick([undefined, 'UINT8', 'INT8'] as (DataType | undefined)[]);
      return {
        op: 'QuantizeLinear',
        opset: r.pick([10, 13, 19]),
        inputs: [
          operand('FLOAT', r.dims(1, 3)),
          operand('FLOAT', [], { data: [0.5] }),
          ...(zero ? [operand(zero, [])] : []),
        ],
      };
    },
  ],
  [
    'DynamicQuantizeLinear',
    (r) => ({ op: 'DynamicQuantizeLinear', opset: 11, inputs: [operand('FLOAT', r.dims(1, 3))], outputs: 3 }),
  ],
  [
    'MatMulInteger',
    (r) => {
      const k = r.int(1, 4);
      const batch = r.dims(0, 2);
      return {
        op: 'MatMulInteger',
        opset: 10,
        inputs: [operand('UINT8', [...batch, r.int(1, 3), k]), operand('UINT8', [k, r.int(1, 3)])],
      };
    },
  ],
  ...['LSTM', 'GRU', 'RNN'].map((op): [string, DrawInstance] => [
    op,
    (r) => {
      const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]!;
      const [length, batch, input, hidden] = [r.int(1, 3), r.int(1, 3), r.int(1, 3), r.int(1, 3)];
      const direction = r.pick(['forward', 'reverse', 'bidirectional']);
      const d = direction === 'bidirectional' ? 2 : 1;
      return {
        op,
        opset: r.pick([7, 14]),
        inputs: [
          operand('FLOAT', [length, batch, input]),
          operand('FLOAT', [d, gates * hidden, input]),
          operand('FLOAT', [d, gates * hidden, hidden]),
          ...(r.chance() ? [operand('FLOAT', [d, 2 * gates * hidden])] : []),
        ],
        attributes: { hidden_size: hidden, ...(direction === 'forward' && r.chance() ? {} : { direction }) },
        outputs: r.int(1, op === 'LSTM' ? 3 : 2),
      };
    },
  ]),
  [
    'Attention',
    (r) => {
      const [batch, heads, keyHeads, s, l, d, e] = [
        r.int(1, 2),
        4,
        r.pick([1, 2, 4]),
        r.int(1, 3),
        r.int(1, 3),
        r.pick([2, 4]),
        r.pick([2, 4]),
      ];
      const past = r.chance(0.3) ? r.int(1, 3) : 0;
      const flat = !past && r.chance();
      const shape = (h: number, n: number, w: number) => (flat ? [batch, n, h * w] : [batch, h, n, w]);
      return {
        op: 'Attention',
        opset: 23,
        inputs: [
          operand('FLOAT', shape(heads, s, d)),
          operand('FLOAT', shape(keyHeads, l, d)),
          operand('FLOAT', shape(keyHeads, l, e)),
          ...(past
            ? [undefined, operand('FLOAT', [batch, keyHeads, past, d]), operand('FLOAT', [batch, keyHeads, past, e])]
            : []),
        ],
        attributes: flat ? { q_num_heads: heads, kv_num_heads: keyHeads } : {},
        outputs: past ? 3 : 1,
      };
    },
  ],
];
