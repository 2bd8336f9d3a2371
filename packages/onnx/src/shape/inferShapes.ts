import { SnpError } from '../errors.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { topologicalOrder } from '../ir/topologicalOrder.js';
import type { FileDim, Value } from '../ir/value.js';
import type { DataType } from '../tensor/dataType.js';
import { type Dim, parseDim, staticDims, symbol } from './dim.js';
import { isKnownDim, symbolsOf } from './dimFunctions.js';
import type { Element } from './elements.js';
import type { OutputFacts, ValueFacts } from './facts.js';
import { type InferenceRun, OperatorCall } from './operatorCall.js';
import { SHAPE_RULES } from './rules/index.js';
import type { ShapeRule } from './shapeRule.js';
import { tensorContent } from './tensorContent.js';

/** What is known statically about the values of a model. Describes the model as it was when it was inferred. */
export interface ShapeInfo {
  /** Dimensions; a scalar has none. Undefined where not even the rank is known. */
  shape(value: Value): readonly Dim[] | undefined;
  /** Element type, or undefined where it is not known. */
  elementType(value: Value): DataType | undefined;
  /**
   * Every element, row-major, of a small tensor whose elements are numbers or follow from shapes: the result of Shape and
   * what is computed from it, small constants. BOOL elements are 0 and 1. Undefined where the tensor is large or unknown.
   */
  content(value: Value): readonly Dim[] | undefined;
}

/** Options of `inferShapes`. */
export interface InferShapesOptions {
  /**
   * Dimensions of graph inputs by input name, in place of those the file states: numbers, or names as in a file
   * (`'batch'`, `'past+seq'`). Default: what the file states.
   */
  inputShapes?: Readonly<Record<string, readonly (number | string)[]>>;
  /**
   * Whether an initializer that is a graph input too, so that the caller of the model may replace it (IR 4 on), is
   * followed with its own content. Default: true.
   */
  inputDefaults?: boolean;
}

/** Contents of more elements than this are not followed. */
const CONTENT_LIMIT = 64;

/**
 * Infers shape, element type and small contents of every value, subgraphs included, in one pass over the nodes. Symbolic
 * dimensions of the graph inputs are symbols by their names; a dimension that cannot be told is a symbol of its own,
 * named `?value.axis`. Sizes are taken as at least 1 where a slice or a broadcast depends on it.
 *
 * Stated types (`value_info`) fill in element types, ranks and names of dimensions that cannot be inferred. Their numbers count for outputs of operators
 * that have no rule only: exporters and editors leave numbers behind that hold for the sizes of one run.
 *
 * @throws SnpError `invalid-argument` if `inputShapes` names no input of the graph or has another rank than the file
 * @example
 * const shapes = inferShapes(model);
 * shapes.shape(model.graph.outputs[0])?.map(formatDim); // ['batch', '1000']
 */
export function inferShapes(model: Model, options: InferShapesOptions = {}): ShapeInfo {
  const inference = new Inference(CONTENT_LIMIT, model.opset);
  if (options.inputDefaults === false) inference.forgetDefaults(overridable(model));
  inference.enterInputs(model.graph, options.inputShapes ?? {});
  inference.walk(model.graph);
  return {
    shape: (value) => inference.facts(value).shape,
    elementType: (value) => inference.facts(value).type,
    content: (value) => inference.facts(value).content as readonly Dim[] | undefined,
  };
}

/** Initializers that are graph inputs too: from IR 4 on these are defaults, before that all initializers had to be. */
export function overridable(model: Model): Value[] {
  return model.irVersion >= 4 ? model.graph.inputs.filter((value) => value.tensor) : [];
}

/** One run over a model. */
class Inference implements InferenceRun {
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #inputSymbols = new Set<string>();
  /** By what names the symbols of values go: values of two branches may bear the same one. */
  readonly #names = new Map<Value, string>();
  /** How many values of a name there are so far. */
  readonly #namesakes = new Map<string, number>();

  constructor(
    readonly contentLimit: number,
    readonly opset: number,
  ) {}

  facts(value: Value): ValueFacts {
    const known = this.#facts.get(value);
    if (known) return known;
    // Initializers on first use, and what a malformed graph reads before it is written: as stated.
    const facts = value.tensor ? this.#constantFacts(value) : this.#completed(value, {}, true);
    this.#facts.set(value, facts);
    return facts;
  }

  #constantFacts({ tensor }: Value): ValueFacts {
    return tensor
      ? { type: tensor.dataType, shape: tensor.dims, content: tensorContent(tensor, this.contentLimit) }
      : {};
  }

  forgetDefaults(values: readonly Value[]): void {
    for (const value of values) this.#facts.set(value, { type: value.tensor?.dataType, shape: value.tensor?.dims });
  }

  enterInputs(graph: Graph, given: Readonly<Record<string, readonly (number | string)[]>>): void {
    checkInputShapes(graph, given);
    for (const value of graph.inputs) {
      if (value.tensor) continue;
      const stated = value.type?.shape;
      const shape = (given[value.name] ?? stated)?.map((dim) => fileDim(dim));
      for (const found of shape?.flatMap((dim) => (dim === undefined ? [] : symbolsOf(dim))) ?? []) {
        this.#inputSymbols.add(found.name);
      }
      this.#facts.set(value, { type: value.type?.elementType, shape: shape && this.#withNames(value, shape) });
    }
  }

  walk(graph: Graph): void {
    for (const node of topologicalOrder(graph)) this.#visit(node);
  }

  inferSubgraph(graph: Graph, inputs: readonly OutputFacts[]): ValueFacts[] {
    for (const [index, value] of graph.inputs.entries()) {
      this.#facts.set(value, this.#completed(value, inputs[index] ?? {}, false));
    }
    this.walk(graph);
    return graph.outputs.map((value) => this.facts(value));
  }

  #visit(node: Node): void {
    const rule = SHAPE_RULES.get(node.op);
    const outputs = rule ? this.#applied(rule, node) : [];
    if (!rule) for (const graph of node.subgraphs) this.inferSubgraph(graph, []);
    for (const [index, value] of node.outputs.entries()) {
      if (value) this.#facts.set(value, this.#completed(value, outputs[index] ?? {}, !rule));
    }
  }

  /** A node whose attributes contradict its inputs (it may stand in a branch that never runs) tells nothing. */
  #applied(rule: ShapeRule, node: Node): readonly OutputFacts[] {
    try {
      return rule(new OperatorCall(node, this));
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return [];
      if (error instanceof SnpError && error.code === 'limit') return [];
      throw error;
    }
  }

  /** Inferred facts with their gaps filled from the stated type (its numbers too if these are to be believed), and what is left from fresh symbols. */
  #completed(value: Value, facts: OutputFacts, believed: boolean): ValueFacts {
    const type = facts.type ?? value.type?.elementType;
    const stated = value.type?.shape;
    const inferred = facts.shape ?? stated?.map(() => undefined);
    if (!inferred) return { type };
    const hints = stated?.length === inferred.length ? stated : undefined;
    const shape = this.#withNames(
      value,
      inferred.map((dim, axis) => this.#refined(usable(dim), hints?.[axis], believed)),
    );
    // A model that contradicts itself may reshape three elements into one; such content helps nobody.
    const sizes = facts.content && staticDims(shape);
    const fits = facts.content?.length === sizes?.reduce((product, size) => product * size, 1);
    return { type, shape, content: fits ? this.#followedContent(value, facts.content) : undefined };
  }

  /** An unknown dimension gives way to a stated name that a graph input bears too, or to a stated number that is believed. */
  #refined(dim: Dim | undefined, stated: FileDim, believed: boolean): Dim | undefined {
    if (dim !== undefined && isKnownDim(dim)) return dim;
    const hint = fileDim(stated);
    if (hint === undefined) return dim;
    if (typeof hint === 'number') return believed ? hint : dim;
    if (dim === undefined) return hint;
    return symbolsOf(hint).every(({ name }) => this.#inputSymbols.has(name)) ? hint : dim;
  }

  #followedContent(value: Value, content: readonly Element[] | undefined): readonly Dim[] | undefined {
    if (!content || content.length > this.contentLimit) return undefined;
    if (content.every((item) => item === undefined)) return undefined;
    return content.map((item, index) => shortened(item) ?? symbol(`?${this.#nameOf(value)}[${index}]`, 'data'));
  }

  #withNames(value: Value, shape: readonly (Dim | undefined)[]): Dim[] {
    return shape.map((dim, axis) => dim ?? symbol(`?${this.#nameOf(value)}.${axis}`, 'unknown'));
  }

  /** The value's name, with a number where a value of another branch or body took it first. */
  #nameOf(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const number = (this.#namesakes.get(value.name) ?? 0) + 1;
    this.#namesakes.set(value.name, number);
    const name = number === 1 ? value.name : `${value.name}#${number}`;
    this.#names.set(value, name);
    return name;
  }
}

/** A dimension as a file or an option states it. Negative numbers, as some exporters write them, say nothing. */
function fileDim(dim: FileDim): Dim | undefined {
  if (typeof dim === 'string') return dim === '' ? undefined : parseDim(dim);
  return dim !== undefined && dim >= 0 ? dim : undefined;
}

/** Expressions that grow beyond this many characters tell nobody anything and would grow without bound. */
const LONGEST_EXPRESSION = 1000;

function shortened(dim: Dim | undefined): Dim | undefined {
  return typeof dim === 'object' && dim.key.length > LONGEST_EXPRESSION ? undefined : dim;
}

/** A dimension that can be one: whole and not negative, or an expression of bearable length. */
function usable(dim: Dim | undefined): Dim | undefined {
  if (typeof dim === 'number') return Number.isSafeInteger(dim) && dim >= 0 ? dim : undefined;
  return shortened(dim);
}

function checkInputShapes(graph: Graph, given: Readonly<Record<string, readonly (number | string)[]>>): void {
  for (const [name, shape] of Object.entries(given)) {
    const input = graph.inputs.find((value) => value.name === name);
    if (!input) {
      const names = graph.inputs.map((value) => value.name).join(', ');
      throw new SnpError('invalid-argument', `inputShapes names '${name}', but the graph's inputs are: ${names}.`, {
        value: name,
      });
    }
    const rank = input.type?.shape?.length;
    if (rank !== undefined && rank !== shape.length) {
      throw new SnpError(
        'invalid-argument',
        `inputShapes gives '${name}' ${shape.length} dimensions [${shape}]; the file states ${rank}.`,
        { value: name },
      );
    }
  }
}
