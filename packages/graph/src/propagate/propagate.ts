import { inferShapes, type Model, type Node, type ShapeInfo, SnpError, type Value } from '@snp/onnx';
import { plainLayout } from '../layout/layout.js';
import { beyondForm } from '../rules/form.js';
import { ruleFor } from '../rules/index.js';
import type { OperatorRule } from '../rules/rule.js';
import { Propagation } from './propagation.js';

/** Walks a model once in graph order and follows the positions of every weight through it. */
export function propagate(model: Model, shapes: ShapeInfo = inferShapes(model)): Propagation {
  const walk = new Propagation(model.graph, shapes, model.opsets);
  for (const input of model.graph.inputs) {
    const shape = shapes.shape(input);
    if (!input.tensor && shape) walk.layouts.set(input, plainLayout(shape));
  }
  for (const node of model.graph.nodes) {
    freezeOuterReads(node, walk);
    const rule = ruleFor(node.op);
    const unknown = rule
      ? beyondForm(node, rule.operators[node.op], walk.opset(node))
      : 'is an operator without a rule';
    if (rule && unknown === undefined) follow(rule, node, walk);
    else endAt(node, walk, unknown!);
  }
  freezeOutputs(model, walk);
  return walk;
}

function follow(rule: OperatorRule, node: Node, walk: Propagation): void {
  try {
    rule.propagate(node, walk);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new SnpError(
      'invalid-file',
      `${node.label} (${node.op}) cannot be followed: its attributes do not fit its inputs (${cause.message}). Check that the model runs; if it does, leave a report.`,
      { node: node.label },
      { cause },
    );
  }
}

/** What is not understood: nothing labelled that it touches may change. */
function endAt(node: Node, walk: Propagation, reason: string): void {
  node.inputs.forEach((_, index) => {
    walk.freezeInput(node, index, reason);
  });
  node.outputs.forEach((_, index) => {
    walk.setOutput(node, index);
  });
}

/** Values that a branch or loop body reads by name are not followed into it. */
function freezeOuterReads(node: Node, walk: Propagation): void {
  const read = (graph: (typeof node.subgraphs)[number]): Value[] => [
    ...graph.outputs,
    ...graph.nodes.flatMap((inner) => [
      ...inner.inputs.filter((value) => value !== undefined),
      ...inner.subgraphs.flatMap(read),
    ]),
  ];
  for (const value of node.subgraphs.flatMap(read)) {
    walk.freezeAll(walk.layouts.get(value)?.fields ?? [], node, 'is read inside a branch or loop body');
    if (value.tensor) walk.freezeConstant(value, node, 'is read inside a branch or loop body');
  }
}

function freezeOutputs(model: Model, walk: Propagation): void {
  for (const output of model.graph.outputs) {
    for (const field of walk.layouts.get(output)?.fields ?? []) {
      for (const label of field.labels) {
        walk.labels.freeze(label, {
          node: output.producer?.label,
          operator: output.producer?.op,
          reason: `reaches the model's output '${output.name}'`,
        });
      }
    }
    if (output.tensor) walk.freezeConstant(output, undefined, `is the model's output '${output.name}'`);
  }
}
