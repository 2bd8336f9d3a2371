// Deliberate faults in the rules, for ruleFaults.mjs: what stands in a file, and what is put in its place.
const rules = 'packages/graph/src/rules/';

export const ruleFaults = [
  {
    name: 'a negative axis is off by one',
    file: `${rules}select.ts`,
    find: 'axis < 0 ? axis + rank : axis',
    replace: 'axis < 0 ? axis + rank - 1 : axis',
  },
  {
    name: 'softmax before operator set 13 runs along one axis',
    file: `${rules}normalization.ts`,
    find: '(walk.opset(node) ?? NEWER) < NEWER',
    replace: '(walk.opset(node) ?? NEWER) < 0',
  },
  {
    name: 'softmax keeps no axis whole',
    file: `${rules}normalization.ts`,
    find: 'for (const factor of along) {',
    replace: 'for (const factor of along.slice(1)) {',
  },
  {
    name: 'the default of transpose is the order as it is',
    file: `${rules}shape.ts`,
    find: 'x?.axes.map((_, axis) => x.axes.length - 1 - axis)',
    replace: 'x?.axes.map((_, axis) => axis)',
  },
  {
    name: 'transA of Gemm is ignored',
    file: `${rules}matmul.ts`,
    find: 'const [transA, transB] = transposed(node);',
    replace: 'const [, transB] = transposed(node);\n    const transA = false;',
  },
  {
    name: 'transB of FusedMatMul is ignored',
    file: `${rules}matmul.ts`,
    find: "[node.int('transA', 0) === 1, node.int('transB', 0) === 1]",
    replace: "[node.int('transA', 0) === 1, false]",
  },
  {
    name: 'sigmoid leaves zero as it is',
    file: `${rules}matmul.ts`,
    find: "'Softsign', 'ThresholdedRelu']",
    replace: "'Softsign', 'ThresholdedRelu', 'Sigmoid']",
  },
  {
    name: 'exp leaves zero as it is',
    file: `${rules}unary.ts`,
    find: '    false,\n',
    replace: '    true,\n',
  },
  {
    name: 'a negative threshold of Shrink is taken for a usual one',
    file: `${rules}unary.ts`,
    find: 'lambd: notNegative',
    replace: "lambd: 'any'",
  },
  {
    name: 'Clip leaves zero as it is whatever its bounds',
    file: `${rules}unary.ts`,
    find: "keepsZero ? 'any' : 'none'",
    replace: "'any'",
  },
  {
    name: 'negative exponents are taken for positive ones',
    file: `${rules}elementwise.ts`,
    find: 'signs === -1 || signs === undefined',
    replace: 'signs === undefined',
  },
  {
    name: 'a divisor may become zero',
    file: `${rules}elementwise.ts`,
    find: "walk.freezeAll(divisors, node, 'divides by values that become zero with their weights');",
    replace: '',
  },
  {
    name: 'what is padded with other numbers counts as zero',
    file: `${rules}pad.ts`,
    find: "node.string('mode', 'constant') !== 'constant'",
    replace: "node.string('mode', 'constant') !== 'none'",
  },
  {
    name: 'a part of Split starts where the one before started',
    file: `${rules}split.ts`,
    find: 'start = from + size;',
    replace: 'start = from;',
  },
  {
    name: 'the logarithm of a sum may become infinite',
    file: `${rules}reduce.ts`,
    find: "if (node.opType === 'ReduceLogSum')",
    replace: "if (node.opType === 'none of these')",
  },
  {
    name: 'constants of a norm keep the width',
    file: `${rules}reduce.ts`,
    find: 'for (const constant of statistic.counts) walk.counts.push({ ...constant, layout: x, axes });',
    replace: '',
  },
  {
    name: 'any mean of squares is part of a norm',
    file: `${rules}norms.ts`,
    find: 'if (power !== -0.5) return false;',
    replace: 'if (power !== -0.5) return true;',
  },
  {
    name: 'statistics in training mode run over labelled positions',
    file: `${rules}normalization.ts`,
    find: "if (training) walk.freezeAll(elsewhere, node, 'normalises over these positions');",
    replace: '',
  },
  {
    name: 'the first input of Concat says what is zero',
    file: `${rules}concat.ts`,
    find: 'zero: alike.every(({ zero }) => zero)',
    replace: 'zero: field.zero',
  },
  {
    name: 'the number of groups of a convolution is ignored',
    file: `${rules}conv.ts`,
    find: "const product = node.int('group', 1) === 1 ? mixAll(node, walk, channels) : mixGroups(node, walk, channels);",
    replace: 'const product = mixAll(node, walk, channels);',
  },
  {
    name: 'unknown attributes are ignored',
    file: `${rules}form.ts`,
    find: "if (form.attributes === 'any') return undefined;",
    replace: 'return undefined;',
  },
  {
    name: 'unknown inputs are ignored',
    file: `${rules}form.ts`,
    find: 'index >= form.inputs',
    replace: 'index >= 99',
  },
  {
    name: 'keys are summed along their tokens',
    file: `${rules}attention/attend.ts`,
    find: 'summed: [[3, 3]]',
    replace: 'summed: [[3, 2]]',
  },
  {
    name: 'an attention operator takes its scale from the narrower width',
    file: `${rules}attention/resize.ts`,
    find: "if (node.float('scale', 0) !== 0) return;",
    replace: 'return;',
  },
];
