import {
  type Dim,
  dimsEqual,
  type Graph,
  isFloatType,
  type Node,
  productOf,
  type ShapeInfo,
  SnpError,
  type Tensor,
  type Value,
} from '@snp/onnx';
import { type FreezeReason, LabelStore, Mark, type Role, type Slot } from '../labels/labelStore.js';
import type { Factor } from '../layout/factor.js';
import { eachPosition, type Field, fieldsOn, type Layout, plainLayout } from '../layout/layout.js';
import type { PlacedCount } from './countConstant.js';
import type { JointAxes } from './jointAxes.js';
import { findSharedTables, type TableUse } from './sharedTables.js';

/** A factor of a labelled value that some operator needs at its full size. */
export interface RigidFactor {
  field: Field;
  factor: Factor;
  node: Node;
  reason: string;
  /** Whole heads may leave all the same, since what is counted along the factor is theirs: in any case, or where it is of the same heads in another field. */
  countsHeads: boolean | Field;
}

/** One operand of a product of two activations, or of an activation with a weight, where labels are summed over. */
export interface Contraction {
  node: Node;
  /** Index of the operand among the node's inputs. */
  index: number;
  field: Field;
  layout: Layout;
  /** Both operands are activations. */
  betweenActivations: boolean;
}

/** Axes without labels by the sizes that are known of the value: an operand may have told less of them, as a mask that is cut to size. */
function restated(layout: Layout, shape: readonly Dim[]): Layout {
  const axes = layout.axes.map((axis, at) => {
    const told = productOf(axis.map((factor) => factor.size));
    if (dimsEqual(told, shape[at]) || fieldsOn(layout, axis).length > 0) return axis;
    return plainLayout([shape[at]]).axes[0];
  });
  return axes.some((axis, at) => axis !== layout.axes[at]) ? { axes, fields: layout.fields } : layout;
}

/** Numbers along one axis at most, which several places read. */
function isSharedVector({ uses, tensor }: Value): boolean {
  return uses.size > 1 && tensor!.dims.filter((dim) => dim > 1).length <= 1;
}

/** Positions that a walk looks at in all, and more for every node: what real models need many times over, and a few seconds of work. */
const MOST_WORK = { whole: 2 ** 26, perNode: 2 ** 12 } as const;

/**
 * The state of one walk through a graph: the layout of every value, the labels, and what was seen on the way. Operator
 * rules read the layouts of a node's inputs, couple and freeze labels, and set the layouts of its outputs.
 */
export class Propagation {
  readonly labels = new LabelStore();
  readonly layouts = new Map<Value, Layout>();
  readonly rigid: RigidFactor[] = [];
  readonly contractions: Contraction[] = [];
  /** Constants that hold how many positions a norm runs over, and have to follow the width. */
  readonly counts: PlacedCount[] = [];
  /** Axes of constants whose positions belong together. */
  readonly jointAxes: JointAxes = new Map();
  /** Tables that several nodes read, as each of them reads them. */
  readonly tableUses: TableUse[] = [];
  /** Fields of labels for heads, in the order in which products left them. */
  readonly heads: Field[] = [];
  /** Nodes that carry labels through a product of two activations, in graph order: the attention operators. */
  readonly mixers: Node[] = [];
  #frozenConstants = new Map<Value, FreezeReason>();
  /** Labels of fields of which every position is frozen. */
  readonly #frozenLabels = new WeakSet<Int32Array>();
  /** Positions that may still be looked at. */
  #workLeft: number;
  #activations: Set<Value>;
  readonly #position: ReadonlyMap<Node, number>;
  /** Values that each reader may see with labels of its own. */
  readonly #shared: ReadonlySet<Value>;
  readonly #tablesAt = new Map<Node, TableUse[]>();
  #adopted = new Map<Value, Layout>();
  #constants = new Map<string, Layout>();
  #slots = new Map<string, Slot>();

  constructor(
    readonly graph: Graph,
    readonly shapes: ShapeInfo,
    /** Operator-set version by domain. */
    private readonly opsets: ReadonlyMap<string, number>,
  ) {
    this.#workLeft = MOST_WORK.whole + MOST_WORK.perNode * graph.nodes.length;
    this.#position = new Map(graph.nodes.map((node, at) => [node, at]));
    this.#shared = new Set([...graph.initializers.filter(isSharedVector), ...findSharedTables(graph, shapes)]);
    this.#activations = new Set(graph.inputs.filter((input) => !input.tensor));
    for (const node of graph.nodes) {
      const depends = node.subgraphs.length > 0 || node.inputs.some((value) => value && this.#activations.has(value));
      if (depends) for (const output of node.outputs) if (output) this.#activations.add(output);
    }
  }

  /** The version of a node's operator set; undefined where the model states none for its domain. */
  opset({ domain }: Node): number | undefined {
    return this.opsets.get(domain) ?? (domain === '' || domain === 'ai.onnx' ? this.#defaultOpset() : undefined);
  }

  #defaultOpset(): number | undefined {
    return this.opsets.get('') ?? this.opsets.get('ai.onnx');
  }

  /** The shape of a value before anything leaves; unknown rank is undefined. */
  shape(value: Value | undefined): readonly Dim[] | undefined {
    if (!value) return undefined;
    const layout = this.layouts.get(value);
    return this.shapes.shape(value) ?? layout?.axes.map((axis) => productOf(axis.map((factor) => factor.size)));
  }

  /** The layout of a constant that was read in the walk or adopted later; undefined for any other. */
  constantLayout(node: Node, index: number): Layout | undefined {
    const value = node.inputs[index];
    if (!value?.tensor) return undefined;
    return this.#adopted.get(value) ?? this.#constants.get(this.#constantKey(value, node));
  }

  /**
   * The layout of a node's input, or undefined where the rank is unknown or the input is left out. `roles` says, for
   * constants, what each axis does; default: elementwise.
   */
  input(node: Node, index: number, roles: readonly Role[] = []): Layout | undefined {
    const value = node.inputs[index];
    if (!value) return undefined;
    if (value.tensor) return this.#constantLayout(node, index, value, roles);
    const layout = this.#shared.has(value) ? this.#tableAt(node, value) : this.layouts.get(value);
    if (layout && !this.#activations.has(value)) this.#noteReader(node, layout, roles);
    return layout && this.#followed(layout, node);
  }

  /** The layout that a node's input was read with; of a value that was not followed, undefined. */
  layoutAt(node: Node, index: number): Layout | undefined {
    const value = node.inputs[index];
    if (!value) return undefined;
    if (value.tensor) return this.constantLayout(node, index);
    return this.#tablesAt.get(node)?.find((own) => own.value === value)?.layout ?? this.layouts.get(value);
  }

  /** A table that several nodes read, with labels of this reader's own. */
  #tableAt(node: Node, value: Value): Layout | undefined {
    const uses = this.#tablesAt.get(node) ?? [];
    const known = uses.find((use) => use.value === value);
    const table = this.layouts.get(value);
    if (known || !table) return known?.layout;
    const fields = table.fields.map((field) => ({
      ...field,
      labels: this.labels.addFree(field.labels.length),
      zero: false,
    }));
    const use = { value, node, table, layout: { axes: table.axes, fields } };
    this.#tablesAt.set(node, [...uses, use]);
    this.tableUses.push(use);
    return use.layout;
  }

  /** The layout, or where the walk has looked at more positions than it may, one in which nothing is labelled: what was is frozen. */
  #followed(layout: Layout, node: Node): Layout {
    for (const { labels } of layout.fields) this.#workLeft -= labels.length;
    if (this.#workLeft >= 0 || layout.fields.length === 0) return layout;
    this.freezeAll(layout.fields, node, 'is part of a graph too entangled to be followed');
    return { axes: layout.axes, fields: [] };
  }

  /** A weight that is computed from constants (cast, transposed, scaled) serves whoever reads the result. */
  #noteReader(node: Node, { axes, fields }: Layout, roles: readonly Role[]): void {
    for (const { factors, labels } of fields) {
      const axis = axes.findIndex((own) => own.includes(factors[factors.length - 1]));
      if (roles[axis] === 'output') for (const label of labels) this.labels.mark(label, Mark.written);
      for (const slot of this.labels.slotsOf(labels)) {
        slot.roles.add(roles[axis] ?? 'elementwise');
        slot.readers.add(node);
      }
    }
  }

  /** Takes in a constant that was cut out of another one, with the labels it inherits. */
  adoptConstant(value: Value, layout: Layout): void {
    this.#adopted.set(value, layout);
  }

  /** Takes in a value that was added to the graph after the walk, with its layout. */
  adoptActivation(value: Value, layout: Layout): void {
    this.#activations.add(value);
    this.layouts.set(value, layout);
  }

  /** True for inputs that depend on the model's inputs, as opposed to constants and what is computed from them. */
  isActivation(node: Node, index: number): boolean {
    const value = node.inputs[index];
    return value !== undefined && this.#activations.has(value);
  }

  /** Whole numbers of a constant input (axes, sizes), or undefined if they are not known before the model runs. */
  integers(node: Node, index: number): number[] | undefined {
    const value = node.inputs[index];
    // What surgery has made since is not among the inferred shapes.
    const content = value && (this.shapes.content(value) ?? wholeNumbersOf(value.tensor));
    return content?.every((item) => typeof item === 'number') ? (content as number[]) : undefined;
  }

  /** Sets the layout of output `index`; without a layout nothing of it is labelled. */
  setOutput(node: Node, index: number, layout?: Layout): void {
    const value = node.outputs[index];
    if (!value) return;
    const shape = this.shapes.shape(value);
    const fields = layout?.fields.filter((field) => field.factors.length > 0) ?? [];
    for (const field of layout?.fields ?? [])
      if (!fields.includes(field))
        this.freeze(field, node, 'leaves a single one of these positions, which has to stay');
    const own = layout && { axes: layout.axes, fields };
    if (own) this.layouts.set(value, shape?.length === own.axes.length ? restated(own, shape) : own);
    else if (shape) this.layouts.set(value, plainLayout(shape));
  }

  freeze(field: Field, node: Node, reason: string): void {
    if (this.#frozenLabels.has(field.labels)) return;
    this.#frozenLabels.add(field.labels);
    const why = { node: node.label, operator: node.op, reason };
    for (const label of field.labels) this.labels.freeze(label, why);
  }

  freezeAll(fields: readonly Field[], node: Node, reason: string): void {
    for (const field of fields) this.freeze(field, node, reason);
  }

  /** Freezes everything labelled in input `index`. */
  freezeInput(node: Node, index: number, reason: string): void {
    this.freezeAll(this.input(node, index)?.fields ?? [], node, reason);
  }

  /** Follows nothing through a node: what is labelled in its inputs keeps its size. */
  stopAt(node: Node, reason: (index: number) => string): void {
    node.inputs.forEach((_, index) => {
      this.freezeInput(node, index, reason(index));
    });
    node.outputs.forEach((_, index) => {
      this.setOutput(node, index);
    });
  }

  /** Freezes every axis of a constant, whoever reads it, now or later. */
  freezeConstant(value: Value, node: Node | undefined, reason: string): void {
    this.#frozenConstants.set(value, { node: node?.label, operator: node?.op, reason });
    for (const slot of this.labels.slotsIn(value)) this.#freezeSlot(slot);
  }

  mark(field: Field, mark: number): void {
    for (const label of field.labels) this.labels.mark(label, mark);
  }

  /**
   * Couples two fields position by position. The factors of one must be among the factors of the other: a vector of d
   * numbers that meets H heads of d neurons couples neuron i of all heads. `mark` is set where the labels were apart.
   */
  unify(a: Field, b: Field, node: Node, mark = 0): void {
    const [outer, inner] = a.factors.length >= b.factors.length ? [a, b] : [b, a];
    if (!inner.factors.every((factor) => outer.factors.includes(factor))) {
      const reason = 'couples positions along different axes, which is not followed';
      this.freezeAll([a, b], node, reason);
      return;
    }
    const heads = outer.factors.length > inner.factors.length && this.isHeadField(inner);
    if (heads) return this.holdNeurons(inner, outer);
    // Neurons of one head that several queries share are that head's, one numbering of neurons for all heads is no head's.
    const twins = outer.factors.length === inner.factors.length || inner.factors.length > 1;
    if (outer.labels === inner.labels && outer.factors.every((factor, at) => factor === inner.factors[at])) return;
    eachPosition(outer.factors, inner.factors, (outerAt, innerAt) => {
      const joined = this.labels.union(outer.labels[outerAt], inner.labels[innerAt], twins);
      if (joined && mark) this.labels.mark(outer.labels[outerAt], mark);
    });
  }

  /**
   * A field of labels for heads along `factors`, each standing for the neurons at its place in `parts`, whose factors hold them; for what is left of a
   * product over the neurons of each head.
   */
  headField(factors: readonly Factor[], parts: readonly Field[]): Field {
    const size = productOf(factors.map((factor) => factor.size)) as number;
    const labels = Int32Array.from({ length: size }, () => this.labels.addHead([]));
    const field = { factors, labels, zero: false };
    for (const part of parts) this.holdNeurons(field, part);
    this.heads.push(field);
    return field;
  }

  /** True for fields of labels that stand for heads. */
  isHeadField(field: Field): boolean {
    return this.labels.has(field.labels[0], Mark.head);
  }

  /** Makes the neurons of a field part of the heads at the same places. */
  holdNeurons(heads: Field, neurons: Field): void {
    eachPosition(neurons.factors, heads.factors, (neuronAt, headAt) => {
      this.labels.hold(heads.labels[headAt], [neurons.labels[neuronAt]]);
    });
  }

  /** Notes that `factor`, which `field` labels, meets something that keeps its size; with `countsHeads`, unless whole heads leave. */
  keepWhole(field: Field, factor: Factor, node: Node, reason: string, countsHeads: boolean | Field = false): void {
    this.rigid.push({ field, factor, node, reason, countsHeads });
  }

  #constantLayout(node: Node, index: number, value: Value, roles: readonly Role[]): Layout | undefined {
    const adopted = this.#adopted.get(value);
    if (adopted) return adopted;
    const tensor = value.tensor;
    if (!tensor) throw new SnpError('invalid-argument', `'${value.name}' is not a constant.`, { value: value.name });
    if (!isFloatType(tensor.dataType)) return plainLayout(tensor.dims);
    const use = this.#shared.has(value) ? { node, index } : undefined;
    const key = this.#constantKey(value, node);
    const known = this.#constants.get(key);
    const layout = known ?? plainLayout(tensor.dims);
    const fields: Field[] = [];
    layout.axes.forEach((axis, at) => {
      if (axis.length === 0) return;
      const slotKey = `${key}\n${at}`;
      const slot = this.#slots.get(slotKey) ?? this.labels.addSlot(value, at, tensor.dims[at], use);
      this.#slots.set(slotKey, slot);
      this.#freezeSlot(slot);
      const role = roles[at] ?? 'elementwise';
      if (role === 'output' && !slot.roles.has(role))
        for (let i = 0; i < slot.size; i++) this.labels.mark(slot.first + i, Mark.written);
      slot.roles.add(role);
      slot.readers.add(node);
      const labels = Int32Array.from({ length: slot.size }, (_, i) => slot.first + i);
      fields.push({ factors: axis, labels, zero: true });
    });
    const result = { axes: layout.axes, fields };
    this.#constants.set(key, result);
    return result;
  }

  /**
   * A vector that several nodes read is shared because an exporter found equal numbers, and a table of factors may be cut for each of its readers, so each gets
   * labels of its own (and, where they differ in the end, a copy). Any other matrix that several nodes read is tied on purpose.
   */
  #constantKey(value: Value, node: Node): string {
    return this.#shared.has(value) ? `${value.name}\n${this.#position.get(node)}` : value.name;
  }

  #freezeSlot(slot: Slot): void {
    const reason = this.#frozenConstants.get(slot.initializer);
    if (!reason) return;
    for (let i = 0; i < slot.size; i++) this.labels.freeze(slot.first + i, reason);
  }
}

function wholeNumbersOf(tensor: Tensor | undefined): number[] | undefined {
  return tensor?.dataType === 'INT64' || tensor?.dataType === 'INT32'
    ? Array.from(tensor.numbers(), Number)
    : undefined;
}
