import type { Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

/** The operands of a product, with two axes at least. */
interface Factors {
  a: Value;
  b: Value;
  g: Value;
  /** Axes of each, after they got two at least. */
  ranks: { a: number; b: number };
}

/** A vector in front is a row, one behind is a column: the axis that the product lost is put back. */
function factors(call: GradientCall): Factors {
  const { writer } = call;
  const [a, b] = [call.input(0), call.input(1)];
  const ranks = { a: call.shape(a).length, b: call.shape(b).length };
  const rank = call.shape(call.output()).length;
  let g = call.gradient();
  if (ranks.b === 1) g = writer.unsqueeze(g, [rank]);
  if (ranks.a === 1) g = writer.unsqueeze(g, [ranks.b === 1 ? rank : rank - 1]);
  return {
    a: ranks.a === 1 ? writer.unsqueeze(a, [0]) : a,
    b: ranks.b === 1 ? writer.unsqueeze(b, [1]) : b,
    g,
    ranks: { a: Math.max(ranks.a, 2), b: Math.max(ranks.b, 2) },
  };
}

/** [..., m, k] x [..., k, n] */
const matmul: GradientRule = (call) => {
  const [rankA, rankB] = [0, 1].map((index) => call.shape(call.input(index)).length);
  if (rankB === 2 && rankA >= 2) return matrixBehind(call, rankA);
  const { writer } = call;
  const { a, b, g, ranks } = factors(call);
  if (call.perSample(0) || call.perSample(1))
    call.refuse('gradients of each sample need a matrix behind the activations');
  if (call.wants(0)) reduced(call, 0, writer.matmul(g, writer.turned(b, ranks.b)));
  if (call.wants(1)) reduced(call, 1, writer.matmul(writer.turned(a, ranks.a), g));
};

/** Sums what was broadcast, and takes away the axis that a vector got. */
function reduced(call: GradientCall, index: number, gradient: Value): void {
  const { writer } = call;
  const target = call.input(index);
  const own = call.shape(target);
  if (own.length === 1) {
    const rank = Math.max(...[0, 1].map((each) => Math.max(2, call.shape(call.input(each)).length)));
    const flat = writer.squeeze(gradient, [index === 0 ? rank - 2 : rank - 1]);
    const axes = [...Array(rank - 2).keys()];
    return call.give(index, writer.sum(flat, axes, false));
  }
  const lead = call.shape(call.input(1 - index)).slice(0, -2);
  const mine = own.slice(0, -2);
  const batch = [...Array(Math.max(lead.length, mine.length)).keys()].map((at) => {
    const [x, y] = [lead, mine].map((dims) => dims[dims.length - Math.max(lead.length, mine.length) + at] ?? 1);
    return x === 1 ? y : x;
  });
  call.giveSummed(index, gradient, [...batch, ...own.slice(-2)]);
}

/** Activations times a matrix, as linear layers are: one product of all rows, with transposes told to Gemm. */
function matrixBehind(call: GradientCall, rank: number): void {
  const { writer } = call;
  const [a, b] = [call.input(0), call.input(1)];
  const rows = writer.rows(call.gradient(), rank);
  if (call.wants(0)) {
    const flat = writer.op('Gemm', [rows, b], { transB: 1 });
    call.give(0, rank === 2 ? flat : call.shapedLike(flat, a));
  }
  if (!call.wants(1)) return;
  if (call.perSample(1)) return call.give(1, productsOfSamples(call, a, call.gradient()));
  call.give(1, writer.op('Gemm', [writer.rows(a, rank), rows], { transA: 1 }));
}

/** For each sample, the first axis of both: a^T g. */
function productsOfSamples(call: GradientCall, a: Value, g: Value): Value {
  const { writer } = call;
  const rank = call.shape(a).length;
  if (rank === 2) return writer.mul(writer.unsqueeze(a, [2]), writer.unsqueeze(g, [1]));
  const product = writer.matmul(writer.turned(a, rank), g);
  return writer.sum(product, [...Array(rank - 2).keys()].slice(1), false);
}

/** alpha op(A) op(B) + beta C */
const gemm: GradientRule = (call) => {
  const { writer, node } = call;
  const [a, b] = [call.input(0), call.input(1)];
  const [transA, transB] = [node.int('transA', 0), node.int('transB', 0)];
  const alpha = { float: node.float('alpha', 1) };
  const g = call.gradient();
  const product = (left: Value, right: Value, turned: { left: number; right: number }) =>
    writer.op('Gemm', [left, right], { alpha, transA: turned.left, transB: turned.right });
  if (call.wants(0)) {
    call.give(
      0,
      transA ? product(b, g, { left: transB, right: 1 }) : product(g, b, { left: 0, right: transB ? 0 : 1 }),
    );
  }
  if (call.perSample(1)) {
    if (transA) call.refuse('its samples lie along the second axis');
    const [left, right] = transB ? [g, a] : [a, g];
    const each = writer.mul(writer.unsqueeze(left, [2]), writer.unsqueeze(right, [1]));
    call.give(1, alpha.float === 1 ? each : writer.mul(each, writer.number(alpha.float, call.type(a))));
  } else if (call.wants(1)) {
    call.give(
      1,
      transB ? product(g, a, { left: 1, right: transA }) : product(a, g, { left: transA ? 0 : 1, right: 0 }),
    );
  }
  if (call.wants(2)) {
    const beta = node.float('beta', 1);
    call.giveBroadcast(2, beta === 1 ? g : writer.mul(g, writer.number(beta, call.type(call.output()))));
  }
};

/** Products of matrices. */
export const MATMUL_RULES: Readonly<Record<string, GradientRule>> = { Gemm: gemm, MatMul: matmul };
