import type { Node } from '@snp/onnx';
import { bodiesOf, type OuterRead } from './bodies.js';
import { quantisedForm } from './quantised.js';

/** Why nothing is followed through an input of a node for whose operator there is no rule. */
export function whyUnfollowed(node: Node, index: number): string {
  const form = quantisedForm(node);
  if (form) return `is quantised (${form}): prune the float model, then quantise`;
  return readInBody(node, index) ?? 'is an operator without a rule';
}

/** Why a value that a body reads from around it keeps its width. */
export function whyReadInside({ body, reader }: Omit<OuterRead, 'value'>): string {
  const by = reader ? `by ${reader.label} in its ${body}` : `as an output of its ${body}`;
  return `is read ${by}, and nothing is followed into branches and bodies of loops`;
}

/** Inputs of Loop and Scan become inputs of the body, one by one. */
function readInBody(node: Node, index: number): string | undefined {
  const [body] = bodiesOf(node);
  if (!body) return undefined;
  const inner = body.graph.inputs[index];
  const reader = inner?.consumers[0];
  return whyReadInside({ body: body.name, reader });
}
