import { type Graph, type Model, type Node, SnpError, type Tensor, type Value } from '@snp/onnx';

/** A weight that is trained. */
export interface Trainable {
  /** Its name in the model. */
  name: string;
  /** What it holds before training. */
  tensor: Tensor;
  /** Whether it decays: matrices and kernels do; norms, biases, tables and vectors of embeddings do not. */
  decays: boolean;
}

/** Operators that sum over an axis of a weight. */
const CONTRACTIONS = new Set(['MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'Einsum']);

/** Operators behind which a weight is still itself. */
const FORMS = new Set(['Transpose', 'Reshape', 'Identity', 'Cast', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** Numbers this low are those of masks. */
const MASKED = -1e4;

/**
 * The weights of a model that reach its answers: constants of float32 numbers with more than one element. Left out are what a training framework keeps beside the parameters: statistics of batch
 * norms, masks, and what sines and cosines are taken of, or are tables of.
 *
 * @param model In standard form.
 * @param answers Names of the outputs that are trained.
 * @throws SnpError `unsupported` if there are none, or weights are of another type.
 */
export function trainableWeights({ graph }: Model, answers: readonly string[]): Trainable[] {
  const reached = behind(graph, answers);
  const candidates = graph.initializers.filter(
    (value) => value.tensor!.size > 1 && reached.has(value) && /FLOAT|DOUBLE/.test(value.tensor!.dataType),
  );
  const other = candidates.find(({ tensor }) => tensor!.dataType !== 'FLOAT');
  if (other)
    throw new SnpError(
      'unsupported',
      `'${other.name}' holds ${other.tensor!.dataType} numbers: training takes steps that are too small for them, and knows float32 alone. Tune the model in float32, and convert it afterwards.`,
      { value: other.name },
    );
  const parameters = candidates.filter((value) => !isStatistic(value) && !isMask(value) && !isOfPositions(value));
  const rotations = rotationTables(parameters);
  const trained = parameters.filter((value) => !rotations.has(value));
  if (trained.length === 0)
    throw new SnpError(
      'unsupported',
      `No weights of float32 numbers reach ${answers.join(', ')}: there is nothing to train.`,
    );
  return trained.map((value) => ({ name: value.name, tensor: value.tensor!, decays: decays(value) }));
}

/** All values that outputs depend on. */
function behind(graph: Graph, outputs: readonly string[]): Set<Value> {
  const found = new Set<Value>();
  const waiting = outputs.map((name) => graph.value(name));
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    if (value.producer) waiting.push(...valuesRead(value.producer));
  }
  return found;
}

/** Values that a node reads, and that are read and made in its subgraphs. */
function valuesRead(node: Node): Value[] {
  const inner = node.subgraphs.flatMap((graph) => [...graph.outputs, ...graph.nodes.flatMap(valuesRead)]);
  return [...node.inputs.filter((value) => value !== undefined), ...inner];
}

const isStatistic = (value: Value) =>
  [...value.uses].every(({ node, index }) => node.op === 'BatchNormalization' && index >= 3);

function isMask({ tensor }: Value): boolean {
  return (tensor!.array() as Float32Array).some((number) => !(number > MASKED));
}

/** True of what only sines and cosines are taken of: the frequencies of rotary positions. */
function isOfPositions(value: Value, seen = new Set<Value>()): boolean {
  if (seen.has(value)) return true;
  seen.add(value);
  const uses = [...value.uses];
  return (
    uses.length > 0 &&
    uses.every(
      ({ node }) =>
        node.op === 'Sin' ||
        node.op === 'Cos' ||
        (node.subgraphs.length === 0 &&
          node.graph?.outputs.every((output) => !node.outputs.includes(output)) === true &&
          node.outputs.every((output) => !output || isOfPositions(output, seen))),
    )
  );
}

/** Pairs of tables that are cosines and sines of the same angles. */
function rotationTables(values: readonly Value[]): Set<Value> {
  const tables = values.filter(({ tensor }) => tensor!.dims.length > 1 && isBounded(tensor!.array() as Float32Array));
  const found = new Set<Value>();
  for (const [at, one] of tables.entries()) {
    const other = tables.slice(at + 1).find((each) => areOfOneAngle(one, each));
    if (other) found.add(one).add(other);
  }
  return found;
}

const isBounded = (numbers: Float32Array) => numbers.every((number) => Math.abs(number) <= 1 + 1e-3);

function areOfOneAngle({ tensor: one }: Value, { tensor: other }: Value): boolean {
  if (one!.dims.join() !== other!.dims.join()) return false;
  const [a, b] = [one!.array() as Float32Array, other!.array() as Float32Array];
  return a.every((number, at) => Math.abs(number * number + b[at] * b[at] - 1) < 1e-2);
}

function decays(value: Value): boolean {
  if (value.tensor && value.tensor.dims.length < 2) return false;
  return [...value.uses].some(
    ({ node, index }) =>
      (CONTRACTIONS.has(node.op) && !(node.op === 'Gemm' && index === 2)) ||
      (FORMS.has(node.op) && index === 0 && node.outputs.some((output) => output && decays(output))),
  );
}
