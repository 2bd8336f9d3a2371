import { Graph, Model, Tensor, type Value } from '@snp/onnx';
import { afterEach, describe, expect, it } from 'vitest';
import { analyze, defineOperator, operatorRules, pointwise, ruleFor } from '../src/index.js';

const formOf = (operator: string) => ruleFor(operator)!.operators[operator];

/** A node on labelled constants: as many as the operator may take, and what else the test adds. */
function reasons(operator: string, more: { attributes?: Record<string, number>; inputs?: number; outputs?: number }) {
  const model = new Model(new Graph('one node'));
  const at = operator.lastIndexOf('.');
  model.opsets.set('', 21);
  if (at > 0) model.opsets.set(operator.slice(0, at), 1);
  const weight = (name: string): Value =>
    model.graph.addInitializer(name, Tensor.float32([4, 4], new Float32Array(16).fill(1)));
  const inputs = Array.from({ length: more.inputs ?? Math.min(2, formOf(operator).inputs) }, (_, number) =>
    weight(`w${number}`),
  );
  const node = model.graph.addNode({
    op: operator.slice(at + 1),
    domain: operator.slice(0, Math.max(at, 0)),
    inputs,
    outputs: Array.from({ length: more.outputs ?? 1 }, (_, number) => `y${number}`),
    attributes: more.attributes ?? {},
    name: 'the node',
  });
  // Whoever reads an output uses it.
  for (const output of node.outputs) model.graph.addNode({ op: 'Identity', inputs: [output] });
  // A weight that nobody follows beyond the node is no neuron, which is no fault of the node.
  const why = analyze(model).frozen.map(({ reason }) => reason);
  return why.filter((one) => one.node === 'the node' && !one.reason.startsWith('no ')).map(({ reason }) => reason);
}

const FOLLOWED = operatorRules
  .filter(({ summary }) => !summary.startsWith('frozen'))
  .flatMap(({ operators }) => Object.entries(operators));

describe('what a rule does not declare', () => {
  it.each(FOLLOWED)('%s: an attribute freezes what the node touches', (operator) => {
    const found = reasons(operator, { attributes: { unheard_of: 1 } });
    expect(found.length).toBeGreaterThan(0);
    for (const reason of found) expect(reason).toContain("the attribute 'unheard_of'");
  });

  it.each(FOLLOWED.filter(([, { inputs }]) => Number.isFinite(inputs)))(
    '%s: an input beyond those that it knows freezes what the node touches',
    (operator, { inputs }) => {
      const found = reasons(operator, { inputs: inputs + 1 });
      expect(found.length).toBeGreaterThan(0);
      for (const reason of found) expect(reason).toContain(`input number ${inputs + 1}`);
    },
  );

  it.each(FOLLOWED.filter(([, { outputs = [0] }]) => outputs !== 'all'))(
    '%s: an output in use that it does not know freezes what the node touches',
    (operator, { outputs = [0] }) => {
      const other = Math.max(...(outputs as number[])) + 1;
      const found = reasons(operator, { outputs: other + 1 });
      expect(found.length).toBeGreaterThan(0);
      for (const reason of found) expect(reason).toContain('in use');
    },
  );
});

describe('an operator of a user', () => {
  let undo = () => {};
  afterEach(() => undo());

  it('has the same protection', () => {
    undo = defineOperator(
      pointwise({ 'acme.Gate': { inputs: 2, attributes: { mode: ['soft'] }, versions: [1, 1] } }, 'any', 'gates'),
    );
    expect(reasons('acme.Gate', {})).toEqual([]);
    expect(reasons('acme.Gate', { attributes: { mode: 3 } })[0]).toContain("a value of the attribute 'mode'");
    expect(reasons('acme.Gate', { attributes: { other: 3 } })[0]).toContain("the attribute 'other'");
    expect(reasons('acme.Gate', { inputs: 3 })[0]).toContain('input number 3');
    expect(reasons('acme.Gate', { outputs: 2 })[0]).toContain('output number 2');
  });
});
