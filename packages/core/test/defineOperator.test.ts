import { defineOperator, pointwise, transposeLayout } from '@snp/graph';
import { cloneModel, defineShapes, type Model } from '@snp/onnx';
import { GraphBuilder, normals, random, relativeError, runModel } from '@snp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { applyPlan, maskedModel, prepare, removedSlices } from './support/core.js';
import { randomPlan } from './support/equivalence.js';

const [WIDTH, HIDDEN] = [6, 10];

/** Attention over nothing but itself, then an FFN with made-up operators in the middle. */
function model(): Model {
  const builder = new GraphBuilder('custom');
  const { graph } = builder.model;
  builder.model.opsets.set('acme', 1);
  const x = builder.input('x', 'FLOAT', [2, 3, WIDTH]);
  const weight = (name: string, dims: number[]) =>
    builder.weight(
      name,
      dims,
      normals(
        random(1, name),
        dims.reduce((product, dim) => product * dim, 1),
        0.5,
      ),
    );
  const own = (op: string, inputs: Parameters<typeof builder.op>[2], attributes = {}) =>
    graph.addNode({ op, domain: 'acme', inputs, outputs: [op], attributes }).outputs[0]!;
  const up = builder.op('up', 'MatMul', [x, weight('up', [WIDTH, HIDDEN])]);
  const active = own('ScaledTanh', [up, weight('scale', [HIDDEN])]);
  const moved = own('MoveLast', [active], { axis: 1 });
  const back = builder.op('', 'Transpose', [moved], { perm: [0, 2, 1] });
  builder.output(builder.op('down', 'MatMul', [back, weight('down', [HIDDEN, WIDTH])]), 'y', 'FLOAT', [2, 3, WIDTH]);
  return builder.model;
}

/** The same with operators that the runtime has. */
function lowered(source: Model): Model {
  const copy = cloneModel(source);
  const { graph } = copy;
  for (const node of [...graph.nodes].filter(({ domain }) => domain === 'acme')) {
    const [x, scale] = node.inputs;
    const add = (op: string, inputs: typeof node.inputs, attributes = {}) =>
      graph.addNode({ op, inputs, outputs: [`${op}_lowered`], attributes, before: node }).outputs[0]!;
    const result =
      node.opType === 'ScaledTanh' ? add('Mul', [add('Tanh', [x]), scale]) : add('Transpose', [x], { perm: [0, 2, 1] });
    node.outputs[0]!.replaceAllUsesWith(result);
  }
  graph.removeDead();
  copy.opsets.delete('acme');
  return copy;
}

const defined: (() => void)[] = [];
afterEach(() => {
  for (const undo of defined.splice(0)) undo();
});

function define(): void {
  defined.push(
    defineShapes('acme.ScaledTanh', (call) => [{ type: call.type(0), shape: call.shape(0) }]),
    defineShapes('acme.MoveLast', (call) => {
      const [a, b, c] = call.shape(0) ?? [];
      return [{ type: call.type(0), shape: [a, c, b] }];
    }),
    defineOperator(
      pointwise({ 'acme.ScaledTanh': { inputs: 2 } }, 'any', 'positions stay, the scale is coupled with them'),
    ),
    defineOperator({
      operators: { 'acme.MoveLast': { inputs: 1, attributes: { axis: 'any' } } },
      summary: 'one axis moves to the end',
      propagate(node, walk) {
        const x = walk.input(node, 0);
        const order = x && [...x.axes.keys()].filter((at) => at !== node.int('axis', 0));
        walk.setOutput(node, 0, order && transposeLayout(x, [...order, node.int('axis', 0)]));
      },
    }),
  );
}

describe('an operator of a user', () => {
  it('is frozen without a rule, and says so', () => {
    const { groups, frozen } = prepare(model(), { allowNothing: true });
    expect(groups).toEqual([]);
    expect(frozen.map(({ reason }) => reason.operator)).toContain('acme.ScaledTanh');
  });

  it('is followed and pruned right by the rule that was defined for it', async () => {
    define();
    const analysis = prepare(model(), { allowNothing: true });
    expect(analysis.groups.map(({ units, members }) => [units, members.length])).toEqual([[HIDDEN, 3]]);
    const plan = randomPlan(analysis, () => true, 0.5, 4);
    const data = normals(random(3), 2 * 3 * WIDTH);
    const feeds = { x: { type: 'FLOAT', dims: [2, 3, WIDTH], data } } as const;
    const pruned = await runModel(lowered(applyPlan(analysis, plan)), feeds);
    const masked = await runModel(lowered(maskedModel(analysis.model, removedSlices(plan, analysis))), feeds);
    expect(relativeError(pruned.y.data as Float32Array, masked.y.data as Float32Array)).toBeLessThan(1e-6);
  });

  it('cannot take the place of a known one, nor be defined twice', () => {
    expect(() => defineOperator(pointwise({ MatMul: { inputs: 2 } }, 'any', ''))).toThrow(
      "Operator 'MatMul' has a rule already",
    );
    expect(() => defineOperator(pointwise({}, 'any', ''))).toThrow('has to name its operators');
    expect(() => defineShapes('MatMul', () => [])).toThrow('known already');
    define();
    expect(define).toThrow('known already');
  });
});
