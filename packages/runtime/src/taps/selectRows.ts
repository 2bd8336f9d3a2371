import {
  formatDim,
  inferShapes,
  type Model,
  type Node,
  productOf,
  type ShapeInfo,
  topologicalOrder,
  type Value,
} from '@snp/onnx';
import { TapBuilder } from './build.js';
import { depthsOf } from './depths.js';
import { PICKING_OPSET, RowPlaces } from './rowPlaces.js';
import { gathersRows, rowInputs } from './rowWise.js';

/** A value [rows, heads, width] and how many of its rows are wanted. */
export interface RowsWanted {
  value: Value;
  rows: number;
}

/**
 * Picks rows of values, as `RowPlaces`, and as early as may be: where a value is computed row by row and nothing reads all of it, rows are picked of what it is computed from.
 * The same goes for tokens that the model picks itself, as the class token for its answer. So norms that are there for a tap only see no more than the rows that are
 * wanted, and the last FFN of a classifier no more than those and the class tokens.
 *
 * @returns The rows of each, in the order given.
 */
export function selectRows(model: Model, wanted: readonly RowsWanted[]): Value[] {
  if (model.opset < PICKING_OPSET) return wanted.map(({ value }) => value);
  const shapes = inferShapes(model);
  const build = new TapBuilder(model);
  const places = new RowPlaces(model);
  /** How many rows the first so many axes of a value count, as far as shapes tell. */
  const total = (value: Value, axes: number) => {
    const shape = shapes.shape(value);
    return shape && formatDim(productOf(shape.slice(0, axes)));
  };
  const pickRows = (rows: number): Pick => ({
    of: (value) =>
      places.pick(build.op('Flatten', [value], { axis: -1 }), rows, total(value, shapes.shape(value)!.length - 1)),
    picked: new Map(),
  });
  const byRows = new Map([...new Set(wanted.map(({ rows }) => rows))].map((rows) => [rows, pickRows(rows)]));
  const readers = new Map<Node, Pick>();
  for (const { value, rows } of wanted) if (keepsRows(value, shapes)) readers.set(value.producer!, byRows.get(rows)!);
  for (const node of model.graph.nodes)
    if (picksToken(node, shapes) && !model.graph.outputs.includes(node.outputs[0]!)) readers.set(node, likeNode(node));
  computePicked(model, readers, shapes);
  for (const [{ opType, inputs, outputs }, { picked }] of readers) {
    const token = opType === 'Gather' && picked.get(inputs[0]!);
    if (token) outputs[0]!.replaceAllUsesWith(token);
  }
  const picked = wanted.map(({ value, rows }) => {
    const reader = value.producer;
    const early = reader && readers.get(reader)?.picked.get(reader.inputs[0]!);
    return early ? build.op('Reshape', [early, reader.inputs[1]!]) : places.pick(value, rows, total(value, 1));
  });
  if (wanted.length > 0) places.countShallowest(depthsOf(model.graph));
  return picked;
}

/**
 * Lets a model compute no more than its answers need: tokens that it picks, as the class token, are picked as early as may be, so that the last FFN sees no others. The answers stay what
 * they were. For models that run often.
 *
 * @param model It is changed; one below opset 12 stays as it is.
 * @example
 * pickTokensEarly(model);
 * const session = await onnxRuntime().open(model);
 */
export function pickTokensEarly(model: Model): void {
  selectRows(model, []);
  model.graph.removeDead();
}

/** A choice among the rows of values. */
interface Pick {
  /** The chosen rows of a value that is computed as a whole. */
  of(value: Value): Value;
  /** What there is of values whose other rows need not be computed. */
  readonly picked: Map<Value, Value>;
  /** Nodes come in front of this one; default: at the end. */
  readonly before?: Node | undefined;
}

/** The choice that a node of the model makes. */
function likeNode(node: Node): Pick {
  return { of: (value) => repeat(node, [value, node.inputs[1]], node), picked: new Map(), before: node };
}

/** Computes, of values that are computed row by row and that only choices read, the rows that are chosen. */
function computePicked(model: Model, readers: ReadonlyMap<Node, Pick>, shapes: ShapeInfo): void {
  const picksOf = new Map<Value, Set<Pick>>();
  const need = (value: Value, picks: Iterable<Pick>) =>
    picksOf.set(value, new Set([...(picksOf.get(value) ?? []), ...picks]));
  for (const [{ inputs }, pick] of readers) need(inputs[0]!, [pick]);
  const outputs = new Set(model.graph.outputs);
  const moved: { node: Node; inputs: readonly Value[] }[] = [];
  const gone = new Set<Node>(readers.keys());
  for (const node of topologicalOrder(model.graph).reverse()) {
    const value = node.outputs[0];
    const picks = value && picksOf.get(value);
    if (!picks || outputs.has(value) || !value.consumers.every((reader) => gone.has(reader))) continue;
    const inputs = rowInputs(node, shapes);
    if (!inputs) continue;
    gone.add(node);
    moved.push({ node, inputs });
    for (const input of inputs) need(input, picks);
  }
  for (const { node, inputs } of moved.reverse()) {
    for (const pick of picksOf.get(node.outputs[0]!)!) {
      for (const input of inputs) if (!pick.picked.has(input)) pick.picked.set(input, pick.of(input));
      const own = node.inputs.map((input) => (input && pick.picked.get(input)) ?? input);
      pick.picked.set(node.outputs[0]!, repeat(node, own, pick.before));
    }
  }
}

/** What a node gives for other inputs. */
function repeat(node: Node, inputs: readonly (Value | undefined)[], before: Node | undefined): Value {
  return node.graph!.addCopy(node, { inputs, outputs: ['tap_picked'], before }).outputs[0]!;
}

/** True of a value [rows, 1, width] that was reshaped from one whose last axis is as wide. */
function keepsRows({ producer }: Value, shapes: ShapeInfo): boolean {
  const [source, sizes] = producer?.inputs ?? [];
  if (producer?.opType !== 'Reshape' || !source || source.tensor) return false;
  const [rows, heads, width] = [...(sizes?.tensor?.numbers() ?? [])].map(Number);
  return rows === -1 && heads === 1 && shapes.shape(source)?.at(-1) === width;
}

/** True of a node that picks one position along an axis in front of the last, of samples: of what has two axes one would be left, which fused norms do not take. */
function picksToken(node: Node, shapes: ShapeInfo): boolean {
  const [data, place] = node.inputs;
  const rank = (data && !data.tensor && shapes.shape(data)?.length) || 0;
  return rank >= 3 && place?.tensor?.size === 1 && gathersRows(node, shapes);
}
