import type { Attribute, Node } from '@snp/onnx';

/**
 * The form of an operator that a rule understands. A node with anything beyond it is not handed to the rule: what the node touches is frozen. So a new
 * attribute, or an optional input that the rule does not know of, costs width and never correctness.
 */
export interface OperatorForm {
  /** How many inputs may be given, counted from the first; `Infinity` for operators that take any number. */
  readonly inputs: number;
  /** Outputs that may be used, by number, or all. Default: the first. */
  readonly outputs?: readonly number[] | 'all';
  /** Attributes that may be stated, and with which values; `'any'` for all there may be. Default: none. */
  readonly attributes?: 'any' | Readonly<Record<string, AttributeValues>>;
  /** First and perhaps last version of the operator's domain in which it has this form. Default: all. */
  readonly versions?: readonly [first: number, last?: number];
}

/** Values of an attribute that are understood: any, those of a list (numbers, or strings), or those that pass a test. */
export type AttributeValues = 'any' | readonly (number | string)[] | ((attribute: Attribute) => boolean);

/** What a node has beyond the form, as a reason for freezing; undefined if there is nothing. */
export function beyondForm(node: Node, form: OperatorForm, version: number | undefined): string | undefined {
  const [first, last = Number.POSITIVE_INFINITY] = form.versions ?? [0];
  if (version !== undefined && (version < first || version > last))
    return `is of operator set ${version}, in which it has a form that is not followed`;
  if (node.overload !== '') return `is overload '${node.overload}' of its operator, which is not followed`;
  const input = node.inputs.findIndex((value, index) => value !== undefined && index >= form.inputs);
  if (input >= 0) return `has an input number ${input + 1} ('${node.inputs[input]!.name}'), which is not followed`;
  const outputs = form.outputs ?? [0];
  const output = node.outputs.findIndex(
    (_, index) => outputs !== 'all' && !outputs.includes(index) && isUsed(node, index),
  );
  if (output >= 0) return `has its output number ${output + 1} in use, which is not followed`;
  if (form.attributes === 'any') return undefined;
  for (const [name, attribute] of node.attributes) {
    const values = form.attributes?.[name];
    if (values === undefined) return `has the attribute '${name}', which is not followed`;
    if (!understands(values, attribute)) return `has a value of the attribute '${name}' that is not followed`;
  }
  return undefined;
}

function isUsed(node: Node, index: number): boolean {
  const value = node.outputs[index];
  return value !== undefined && (value.uses.size > 0 || (node.graph?.outputs.includes(value) ?? false));
}

const utf8 = new TextDecoder();

function understands(values: AttributeValues, attribute: Attribute): boolean {
  if (values === 'any') return true;
  if (typeof values === 'function') return values(attribute);
  switch (attribute.type) {
    case 'INT':
      return values.includes(Number(attribute.value));
    case 'FLOAT':
      return values.includes(attribute.value);
    case 'STRING':
      return values.includes(utf8.decode(attribute.value));
    default:
      return false;
  }
}
