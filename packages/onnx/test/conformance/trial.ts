import type * as ort from 'onnxruntime-node';
import { evaluateNode } from '../../src/fold/evaluateNode.js';
import {
  type AttributeInit,
  type DataType,
  evaluateDim,
  inferShapes,
  isKnownDim,
  type Model,
  nodeMacs,
  type ShapeInfo,
  type Tensor,
  type Value,
} from '../../src/index.js';
import { bytesOf, randomTensor } from '../support/answers.js';
import { addInput, emptyModel } from '../support/graphs.js';
import { plainSession } from '../support/runtime.js';
import { type Draw, type Instance, type Operand, tensorOf } from './draw.js';

/** What came of holding one instance against the runtime. */
export interface Verdict {
  /** Whether the runtime takes the instance at all. */
  ran: boolean;
  /** What was claimed and is not so. */
  wrong: string[];
  /** What was claimed, and could be held against the runtime. */
  claims: { dims: number; contents: number; folded: boolean; macs: boolean };
}

const NAMES: Partial<Record<DataType, ort.Tensor.Type>> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  FLOAT16: 'float16',
  INT64: 'int64',
  INT32: 'int32',
  INT8: 'int8',
  UINT8: 'uint8',
  BOOL: 'bool',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT16: 'int16',
  UINT16: 'uint16',
};

const size = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);

/** Numbers that rounding, signs and conversions are tried on. */
const SPECIAL = [0, -0, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -7, 1 / 3, 0.1, 1e-3, 100.5, 65504, 70000, 3e9, -3e9, 1e-40];
const WHOLE = [0, 1, -1, 2, 3, -5, 7, 100, 127, 128, -128, 255, 256, 2048, 2049, 65535, 2 ** 24 + 1, 2 ** 31 - 1];
const LARGE = [...WHOLE, 2 ** 53, -(2 ** 53), 2 ** 40 + 1];

function contentOf(r: Draw, { type, dims, data, bound }: Operand): number[] {
  if (data) return [...data];
  const length = size(dims);
  if (type === 'BOOL') return r.list(length, () => r.int(0, 1));
  if (bound !== undefined) return r.list(length, () => r.int(0, bound - 1));
  if (type === 'UINT8') return r.list(length, () => r.int(0, 255));
  if (type === 'INT8') return r.list(length, () => r.int(-128, 127));
  if (type === 'INT64') return r.list(length, () => r.pick(r.chance(0.2) ? LARGE : WHOLE));
  if (type === 'INT32') return r.list(length, () => r.pick(WHOLE));
  return r.list(length, () => (r.chance() ? r.pick(SPECIAL) : (r.next() * 2 - 1) * 4));
}

/** The instance with the inputs that `constant` says as initializers, and free dimensions in place of sizes of the others where `sizes` names them. */
function modelOf(
  instance: Instance,
  tensors: readonly (Tensor | undefined)[],
  constant: (index: number) => boolean,
  named: (dim: number, index: number, axis: number) => number | string,
): Model {
  const model = emptyModel(instance.opset);
  model.irVersion = 8;
  if (instance.domain) model.opsets.set(instance.domain, 1);
  const inputs = tensors.map((tensor, index) => {
    if (!tensor) return undefined;
    if (constant(index)) return model.graph.addInitializer(`c${index}`, tensor);
    return addInput(
      model,
      `x${index}`,
      tensor.dims.map((dim, axis) => named(dim, index, axis)),
      tensor.dataType,
    );
  });
  const outputs = Array.from({ length: instance.outputs ?? 1 }, (_, index) => `y${index}`);
  const node = model.graph.addNode({
    op: instance.op,
    domain: instance.domain ?? '',
    inputs,
    outputs,
    attributes: statedOf(instance),
  });
  model.graph.outputs.push(...(node.outputs as Value[]));
  return model;
}

function statedOf({ attributes = {} }: Instance): Record<string, AttributeInit> {
  return Object.fromEntries(Object.entries(attributes).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    AttributeInit
  >;
}

type Results = Record<string, ort.Tensor>;

async function answersOf(model: Model, feeds: Results, shapes: ShapeInfo): Promise<Results | undefined> {
  for (const output of model.graph.outputs) {
    const elementType = shapes.elementType(output);
    if (elementType) output.type = { elementType, shape: undefined };
  }
  try {
    const session = await plainSession(model);
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  } catch {
    return undefined;
  }
}

const feedOf = (tensor: Tensor, OrtTensor: typeof ort.Tensor) =>
  new OrtTensor(NAMES[tensor.dataType]!, tensor.array() as ort.Tensor.DataType, [...tensor.dims]);

/** Draws contents, constants and free dimensions for an instance, and holds all that is claimed of it against the runtime. */
export async function trial(r: Draw, instance: Instance, OrtTensor: typeof ort.Tensor): Promise<Verdict> {
  const tensors = instance.inputs.map((own) => own && tensorOf(own, contentOf(r, own)));
  const constants = instance.inputs.map((own) => own?.constant || r.chance(0.2));
  const symbols: Record<string, number> = {};
  const name = (dim: number, index: number, axis: number) => {
    const drawn = r.pick(['number', 'own', 'shared']);
    if (drawn === 'number') return dim;
    // Sizes that are equal may be one dimension.
    const symbol = drawn === 'shared' ? `n${dim}` : `d${index}_${axis}`;
    symbols[symbol] = dim;
    return symbol;
  };
  const model = modelOf(instance, tensors, (index) => constants[index]!, name);
  const verdict: Verdict = { ran: false, wrong: [], claims: { dims: 0, contents: 0, folded: false, macs: false } };
  await holdShapes(
    verdict,
    model,
    symbols,
    Object.fromEntries(
      tensors.flatMap((tensor, index) =>
        tensor && !constants[index] ? [[`x${index}`, feedOf(tensor, OrtTensor)]] : [],
      ),
    ),
  );
  if (!verdict.ran) return verdict;
  await holdOtherSizes(r, verdict, model, symbols, instance);
  await holdFolding(verdict, instance, tensors);
  await holdMacs(verdict, instance, tensors, OrtTensor);
  return verdict;
}

async function holdShapes(
  verdict: Verdict,
  model: Model,
  sizes: Record<string, number>,
  feeds: Results,
): Promise<void> {
  const shapes = inferShapes(model);
  const results = await answersOf(model, feeds, shapes);
  if (!results) return;
  verdict.ran = true;
  const said = JSON.stringify(sizes);
  for (const output of model.graph.outputs) {
    const actual = results[output.name];
    const type = shapes.elementType(output);
    if (type && NAMES[type] !== actual.type) verdict.wrong.push(`${output.name} is ${actual.type}, not ${type}`);
    const shape = shapes.shape(output);
    if (shape && shape.length !== actual.dims.length)
      verdict.wrong.push(`${output.name} has dims [${actual.dims}], not [${shape}] for ${said}`);
    for (const [axis, dim] of shape?.entries() ?? []) {
      if (!isKnownDim(dim)) continue;
      verdict.claims.dims++;
      if (evaluateDim(dim, sizes) !== actual.dims[axis])
        verdict.wrong.push(`${output.name} has dims [${actual.dims}], not [${shape}] for ${said}`);
    }
    const numbers = Array.from(actual.data as ArrayLike<number | bigint>, Number);
    for (const [index, item] of shapes.content(output)?.entries() ?? []) {
      if (actual.type === 'float16' || !isKnownDim(item)) continue;
      verdict.claims.contents++;
      if (!Object.is(evaluateDim(item, sizes) + 0, numbers[index] + 0))
        verdict.wrong.push(`${output.name}[${index}] is ${numbers[index]}, not ${item} for ${said}`);
    }
  }
}

/** The same model with other sizes of its free dimensions, 1 among them, if the runtime takes them. */
async function holdOtherSizes(
  r: Draw,
  verdict: Verdict,
  model: Model,
  symbols: Record<string, number>,
  instance: Instance,
): Promise<void> {
  if (Object.keys(symbols).length === 0) return;
  const { least = 1 } = instance;
  const sizes = Object.fromEntries(
    Object.keys(symbols).map((symbol) => [symbol, r.chance(0.3) ? least : least + r.int(0, 4)]),
  );
  const shapes = inferShapes(model);
  const feeds = Object.fromEntries(
    model.graph.inputs.map((value) => {
      const dims = shapes.shape(value)!.map((dim) => evaluateDim(dim, sizes));
      const own = instance.inputs[Number(value.name.slice(1))]!;
      return [value.name, randomTensor(value.type!.elementType, dims, r.next, own.bound ?? 2)];
    }),
  );
  const other: Verdict = { ran: false, wrong: [], claims: verdict.claims };
  await holdShapes(other, model, sizes, feeds);
  verdict.wrong.push(...other.wrong);
}

/** All inputs constant: what folding computes has the runtime's bits. */
async function holdFolding(
  verdict: Verdict,
  instance: Instance,
  tensors: readonly (Tensor | undefined)[],
): Promise<void> {
  const model = modelOf(
    instance,
    tensors,
    () => true,
    (dim) => dim,
  );
  const shapes = inferShapes(model);
  const folded = evaluateNode(model.graph.nodes[0], shapes, model.opset);
  if (!folded) return;
  const results = await answersOf(model, {}, shapes);
  if (!results) return;
  verdict.claims.folded = true;
  for (const [index, tensor] of folded.entries()) {
    const actual = results[`y${index}`];
    if (!tensor) continue;
    if (String(tensor.dims) !== String(actual.dims))
      verdict.wrong.push(`y${index} folds to dims [${tensor.dims}], not [${actual.dims}]`);
    else if (!bytesOf(actual).equals(Buffer.from(tensor.bytes()))) {
      verdict.wrong.push(
        `y${index} folds to ${[...tensor.numbers()].slice(0, 20)}, not ${Array.from(actual.data as ArrayLike<number>).slice(0, 20)} (from ${tensors.map((own) => own && [...own.numbers()].slice(0, 20).join(' ')).join(' | ')})`,
      );
    }
  }
}

/** Operators whose outputs add up to the number of multiply-accumulates if all inputs are ones and nothing is padded or added. */
const COUNTED: Readonly<Record<string, number>> = {
  MatMul: 2,
  MatMulInteger: 2,
  Gemm: 2,
  FusedMatMul: 2,
  FusedGemm: 2,
  Conv: 2,
  ConvTranspose: 2,
  Einsum: 2,
};

async function holdMacs(
  verdict: Verdict,
  instance: Instance,
  tensors: readonly (Tensor | undefined)[],
  OrtTensor: typeof ort.Tensor,
): Promise<void> {
  const operands = COUNTED[instance.op];
  const { pads, auto_pad, output_padding, ...attributes } = instance.attributes ?? {};
  if (!operands || (auto_pad !== undefined && auto_pad !== 'VALID')) return;
  const ones = tensors
    .slice(0, operands)
    .map(
      (tensor) => tensor && tensorOf({ type: tensor.dataType, dims: [...tensor.dims] }, new Array(tensor.size).fill(1)),
    );
  // Before operator set 11 a Gemm must have a bias.
  const opset = instance.op === 'Gemm' ? Math.max(instance.opset, 11) : instance.opset;
  const model = modelOf(
    { ...instance, opset, attributes },
    ones,
    () => false,
    (dim) => dim,
  );
  const shapes = inferShapes(model);
  const results = await answersOf(
    model,
    Object.fromEntries(ones.map((tensor, index) => [`x${index}`, feedOf(tensor!, OrtTensor)])),
    shapes,
  );
  if (!results) return;
  verdict.claims.macs = true;
  const sum = Array.from(results.y0.data as ArrayLike<number>, Number).reduce((all, item) => all + item, 0);
  const macs = nodeMacs(model.graph.nodes[0], shapes);
  if (macs !== sum && !contractsNothing(instance)) verdict.wrong.push(`costs ${macs} multiply-accumulates, not ${sum}`);
}

/** An Einsum that sums over nothing, which counts as no contraction. */
function contractsNothing({ op, attributes }: Instance): boolean {
  if (op !== 'Einsum') return false;
  const [inputs, output] = String(attributes!.equation).split('->');
  const letters = [...inputs.replaceAll(/[^a-z]/g, '')];
  return output === undefined
    ? new Set(letters).size === letters.length
    : letters.every((letter) => output.includes(letter));
}
