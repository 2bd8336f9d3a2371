import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { staticDims } from '../shape/dim.js';
import type { Element } from '../shape/elements.js';
import type { ValueFacts } from '../shape/facts.js';
import type { ShapeInfo } from '../shape/inferShapes.js';
import { type InferenceRun, OperatorCall } from '../shape/operatorCall.js';
import { SHAPE_RULES } from '../shape/rules/index.js';
import { tensorContent } from '../shape/tensorContent.js';
import { Tensor } from '../tensor/tensor.js';
import { tensorFromContent } from './tensorFromContent.js';

/** Operators that keep the bytes of their first input and change nothing but the dimensions. */
const SAME_BYTES: ReadonlySet<string> = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Operators that make a large tensor of a small one, and may stay in the graph for that. */
const SPREADS: ReadonlySet<string> = new Set(['ConstantOfShape', 'Expand', ...SAME_BYTES]);

/** Longer chains of them are not looked through. */
const LONGEST_SPREAD = 4;

/** Whether a value is a constant of which only the small form is stored: zeros that are spread out where they are read. */
export function isSpreadConstant(value: Value, isConstant: (value: Value) => boolean, steps = LONGEST_SPREAD): boolean {
  const { producer } = value;
  if (!producer || !SPREADS.has(producer.op) || steps === 0) return false;
  return producer.inputs.every((own) => !own || isConstant(own) || isSpreadConstant(own, isConstant, steps - 1));
}

/**
 * The outputs of a node whose inputs are all constants (undefined for outputs that are left out), or undefined where
 * they cannot be computed exactly. Uses the shape rules with no limit on content: what they follow element by element
 * (data movement, exact arithmetic, comparisons, conversions) is what can be evaluated.
 */
export function evaluateNode(node: Node, shapes: ShapeInfo, opset: number): (Tensor | undefined)[] | undefined {
  if (SAME_BYTES.has(node.op)) return keptBytes(node, shapes);
  const rule = SHAPE_RULES.get(node.op);
  if (!rule || node.subgraphs.length > 0) return undefined;
  const facts = rule(new OperatorCall(node, new ConstantRun(shapes, opset)));
  const results = node.outputs.map((output, index) => {
    const { type, shape, content } = facts[index] ?? {};
    const dims = staticDims(shape);
    return output && dims && content ? tensorFromContent(type, dims, content) : undefined;
  });
  return results.every((result, index) => result || !node.outputs[index]) ? results : undefined;
}

function keptBytes(node: Node, shapes: ShapeInfo): Tensor[] | undefined {
  const tensor = node.inputs[0]?.tensor;
  const output = node.outputs[0];
  const dims = output && staticDims(shapes.shape(output));
  if (!tensor || !dims || dims.reduce((product, dim) => product * dim, 1) !== tensor.size) return undefined;
  return [new Tensor(tensor.dataType, dims, () => tensor.bytes(), tensor.strings)];
}

/** Gives rules the whole content of constants. */
class ConstantRun implements InferenceRun {
  readonly contentLimit = Number.POSITIVE_INFINITY;

  constructor(
    private readonly shapes: ShapeInfo,
    readonly opset: number,
  ) {}

  facts(value: Value): ValueFacts {
    const { tensor, producer } = value;
    if (tensor) return new ConstantFacts(tensor);
    const spread = producer && SPREADS.has(producer.op) ? SHAPE_RULES.get(producer.op) : undefined;
    const facts = spread?.(new OperatorCall(producer!, this))[0];
    return { type: this.shapes.elementType(value), shape: this.shapes.shape(value), content: facts?.content };
  }

  inferSubgraph(): ValueFacts[] {
    return [];
  }
}

/** Reads the content only when a rule asks for it. */
class ConstantFacts implements ValueFacts {
  readonly #tensor: Tensor;
  #content: readonly Element[] | undefined;

  constructor(tensor: Tensor) {
    this.#tensor = tensor;
  }

  get type() {
    return this.#tensor.dataType;
  }

  get shape() {
    return this.#tensor.dims;
  }

  get content(): readonly Element[] | undefined {
    this.#content ??= tensorContent(this.#tensor, Number.POSITIVE_INFINITY);
    return this.#content;
  }
}
