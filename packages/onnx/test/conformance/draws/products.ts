import { operand } from '../draw.js';
import type { Draws } from '../drawing.js';

/** Matrix products. */
export const products: Draws = [
  [
    'MatMul',
    (r) => {
      const k = r.int(1, 4);
      const batch = r.dims(0, 3);
      const a = r.chance(0.2) ? [k] : [...batch, r.int(1, 4), k];
      const b = r.chance(0.2) ? [k] : [...r.broadcastable(batch), k, r.int(1, 4)];
      return { op: 'MatMul', opset: r.pick([7, 9, 13]), inputs: [operand('FLOAT', a), operand('FLOAT', b)] };
    },
  ],
  [
    'Gemm',
    (r) => {
      const [m, k, n] = [r.int(1, 4), r.int(1, 4), r.int(1, 4)];
      const [transA, transB] = [r.int(0, 1), r.int(0, 1)];
      const opset = r.pick([7, 9, 11, 13]);
      const bias = opset < 11 || r.chance() ? [operand('FLOAT', r.pick([[n], [1, n], [m, 1], [m, n], [1]]))] : [];
      return {
        op: 'Gemm',
        opset,
        inputs: [operand('FLOAT', transA ? [k, m] : [m, k]), operand('FLOAT', transB ? [n, k] : [k, n]), ...bias],
        attributes: { ...(transA || r.chance() ? { transA } : {}), ...(transB || r.chance() ? { transB } : {}) },
      };
    },
  ],
  [
    'com.microsoft.FusedMatMul',
    (r) => {
      const [m, k, n] = [r.int(1, 4), r.int(1, 4), r.int(1, 4)];
      const [transA, transB] = [r.int(0, 1), r.int(0, 1)];
      const batch = r.dims(0, 2);
      const a = [...batch, ...(transA ? [k, m] : [m, k])];
      const b = [...(r.chance() ? batch : []), ...(transB ? [n, k] : [k, n])];
      const inputs = [operand('FLOAT', a), operand('FLOAT', b)];
      return { op: 'FusedMatMul', domain: 'com.microsoft', opset: 17, inputs, attributes: { transA, transB } };
    },
  ],
  [
    'com.microsoft.FusedGemm',
    (r) => {
      const [m, k, n] = [r.int(1, 4), r.int(1, 4), r.int(1, 4)];
      const [transA, transB] = [r.int(0, 1), r.int(0, 1)];
      const inputs = [operand('FLOAT', transA ? [k, m] : [m, k]), operand('FLOAT', transB ? [n, k] : [k, n])];
      const attributes = { transA, transB, activation: 'Relu' };
      return { op: 'FusedGemm', domain: 'com.microsoft', opset: 17, inputs, attributes };
    },
  ],
  [
    'Einsum',
    (r) => {
      const sizes: Record<string, number> = Object.fromEntries([...'abcdef'].map((letter) => [letter, r.int(1, 3)]));
      const letters = r.shuffled([...'abcdef']);
      const [x, y] = [letters.slice(0, r.int(1, 4)), r.shuffled(letters.slice(1, r.int(2, 6)))];
      const all = [...new Set([...x, ...y])];
      const output = r.shuffled(all.filter(() => r.chance(0.7)));
      const dots = r.chance(0.3) ? '...' : '';
      const batch = dots ? r.dims(1, 2) : [];
      const dims = (own: string[]) => [...batch, ...own.map((letter) => sizes[letter])];
      const equation = `${dots}${x.join('')},${dots}${y.join('')}${r.chance(0.8) ? `->${dots}${output.join('')}` : ''}`;
      return {
        op: 'Einsum',
        opset: 12,
        inputs: [operand('FLOAT', dims(x)), operand('FLOAT', dims(y))],
        attributes: { equation },
      };
    },
  ],
  [
    'Det',
    (r) => {
      const n = r.int(1, 3);
      return { op: 'Det', opset: 11, inputs: [operand('FLOAT', [...r.dims(0, 2), n, n])] };
    },
  ],
];
