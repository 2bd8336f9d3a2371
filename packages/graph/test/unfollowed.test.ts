import { Graph, type Node, Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { analyze, quantisedForm } from '../src/index.js';

/** Two projections with eight hidden neurons between them, and something at them that is not followed. */
function reasonAfter(middle: (graph: GraphBuilder, hidden: Value) => Value): string | undefined {
  const graph = new GraphBuilder('network');
  const draw = random(1);
  const weight = (name: string, ...dims: number[]) =>
    graph.weight(
      name,
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => draw.uniform()),
    );
  const x = graph.input('x', 'FLOAT', ['batch', 6]);
  const hidden = graph.op('/up', 'MatMul', [x, weight('up', 6, 8)]);
  const out = graph.op('/down', 'MatMul', [middle(graph, hidden), weight('down', 8, 4)]);
  graph.output(out, 'y', 'FLOAT', ['batch', 4]);
  const found = analyze(graph.model).frozen.find(({ members }) =>
    members.some(({ initializer, axis }) => initializer.name === 'up' && axis === 1),
  );
  return found && `${found.reason.node} ${found.reason.reason}`;
}

/** A body with one node named /inner that reads `value`, or an input of its own. */
function body({ model }: GraphBuilder, value: Value | undefined, inputs = 0): Graph {
  const graph = new Graph('body', model.graph);
  for (let at = 0; at < inputs; at++) graph.inputs.push(graph.addValue(`in_${at}`));
  const read = value ?? graph.inputs[inputs - 1];
  graph.outputs.push(graph.addNode({ op: 'Tanh', inputs: [read], outputs: ['out'], name: '/inner' }).outputs[0]!);
  return graph;
}

const graphOf = (value: Graph) => ({ type: 'GRAPH' as const, value });

describe('the reason why nothing is followed', () => {
  it('names the branch and the node in it that read a value from outside', () => {
    const reason = reasonAfter((graph, hidden) => {
      const flag = graph.input('flag', 'BOOL', []);
      const branches = {
        then_branch: graphOf(body(graph, graph.model.graph.value('x'))),
        else_branch: graphOf(body(graph, hidden)),
      };
      return graph.op('/m', 'If', [flag], branches);
    });
    expect(reason).toMatch(/^\/m\/If is read by \/inner in its else_branch/);
  });

  it.each([
    ['Loop', 3, (graph: GraphBuilder, hidden: Value) => [graph.int('/m', 2), undefined, hidden]],
    ['Scan', 1, (_: GraphBuilder, hidden: Value) => [hidden]],
  ] as const)('names the body of a %s and the node in it', (op, inputs, take) => {
    const reason = reasonAfter((graph, hidden) =>
      graph.op('/m', op, [...take(graph, hidden)], { body: graphOf(body(graph, undefined, inputs)) }),
    );
    expect(reason).toMatch(new RegExp(`^/m/${op} is read by /inner in its body`));
  });

  it('says how to prune a quantised model', () => {
    const reason = reasonAfter((graph, hidden) => graph.ops('/m', 'DynamicQuantizeLinear', [hidden], 3)[0]);
    expect(reason).toMatch(/^\/m\/DynamicQuantizeLinear is quantised.*prune the float model, then quantise/);
  });
});

describe('quantisedForm', () => {
  const node = (op: string, domain = '', type: 'INT8' | 'FLOAT16' = 'INT8'): Node => {
    const graph = new Graph();
    const weight = graph.addInitializer(
      'w',
      Tensor.of(type, [2], type === 'INT8' ? new Int8Array(2) : new Uint16Array(2)),
    );
    return graph.addNode({ op, domain, inputs: [weight], outputs: ['y'] });
  };

  it.each([
    ['QDQ', '', 'QuantizeLinear DequantizeLinear'],
    ['QDQ', 'com.microsoft', 'QuantizeLinear DequantizeLinear'],
    ['dynamic', '', 'DynamicQuantizeLinear MatMulInteger ConvInteger'],
    ['dynamic', 'com.microsoft', 'DynamicQuantizeMatMul MatMulIntegerToFloat DynamicQuantizeLSTM MulInteger'],
    ['QOperator', '', 'QLinearConv QLinearMatMul'],
    ['QOperator', 'com.microsoft', 'QGemm QAttention QLinearAdd QEmbedLayerNormalization QOrderedMatMul'],
    ['QOperator', 'com.ms.internal.nhwc', 'QLinearConv'],
    ['weight-only', 'com.microsoft', 'MatMulNBits MatMulBnb4 GatherBlockQuantized QMoE'],
    [undefined, '', 'MatMul Gemm Conv Cast Gather Attention'],
    [undefined, 'com.microsoft', 'QuickGelu FusedMatMul Attention GroupQueryAttention'],
    [undefined, 'com.example', 'QGemm QuantizeLinear'],
  ])('is %s for these operators of %s: %s', (form, domain, operators) => {
    for (const op of operators.split(' ')) expect(quantisedForm(node(op, domain)), op).toBe(form);
  });

  it('takes half-precision weights for what they are', () => {
    expect(quantisedForm(node('DequantizeLinear', '', 'FLOAT16'))).toBeUndefined();
  });
});
