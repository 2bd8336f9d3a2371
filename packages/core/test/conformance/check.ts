import { type Analysis, analyze, type Factor, type Field, type Layout, sizesOf } from '@snp/graph';
import { cloneModel, evaluateDim, type Model, SnpError, Tensor, type Value } from '@snp/onnx';
import { type Feed, type Feeds, type Random, random, runModel } from '@snp/testing';
import { joinAxes } from '../../src/context/joinAxes.js';
import { cut } from '../../src/surgery/cut.js';
import { maskedModel, type RemovedSlice } from '../support/core.js';

/** What became of one instance. */
export type Outcome = 'proven' | 'frozen' | 'refused' | 'not run';

/** Thrown where the runtime disagrees with what a rule claims. */
export class Disagreement extends Error {}

/**
 * Holds what the rules claim of a model against the runtime. Some labels that may leave are drawn; then the cut model has to answer like the masked original at the
 * positions that stay, and the masked original has to be zero where the rules say so, and finite where the model is: zero times infinity would be no number to what comes next.
 */
export async function check(model: Model, feeds: Feeds, seed: number, tolerance: number): Promise<Outcome> {
  const free = freeSizes(model, feeds);
  const draw = random(seed, 'labels');
  const plain = await run(model, feeds);
  if (!plain) return 'not run';
  if (seed % 2 === 0) joinAxesIn(model);
  const { analysis, outputs } = analysed(model);
  const leaves = drawLabels(analysis, draw);
  if (!leaves) return 'frozen';
  const layouts = outputs.map((value) => analysis.walk.layouts.get(value));
  const masked = await run(maskedModel(model, slicesOf(analysis, leaves)), feeds);
  if (!masked) throw new Disagreement('the masked model does not run');
  try {
    cut(analysis, leaves);
  } catch (error) {
    if (error instanceof SnpError && error.code === 'unsupported') return 'refused';
    throw error;
  }
  const got = await runModel(analysis.model, feeds).catch((error: Error) => {
    throw new Disagreement(`the cut model does not run: ${error.message}`);
  });
  Object.values(got).forEach((output, at) => {
    const [whole, all] = [plain, masked].map((outputs) => Object.values(outputs)[at]);
    compare(output, { whole, masked: all }, layouts[at], free, leaves, tolerance);
  });
  return 'proven';
}

async function run(model: Model, feeds: Feeds): Promise<Feeds | undefined> {
  try {
    return await runModel(cloneModel(model), feeds);
  } catch (error) {
    if (error instanceof SnpError) return undefined;
    throw error;
  }
}

/** Gives constants the form in which axes that belong together are one, as `prepare` does. */
function joinAxesIn(model: Model): void {
  const outputs = model.graph.outputs.splice(0);
  joinAxes(analyze(model));
  model.graph.outputs.push(...outputs);
}

/** The analysis of a copy as if it had no outputs, which would freeze all that reaches them. */
function analysed(model: Model): { analysis: Analysis; outputs: Value[] } {
  const copy = cloneModel(model);
  const outputs = copy.graph.outputs.splice(0);
  const analysis = analyze(copy);
  copy.graph.outputs.push(...outputs);
  return { analysis, outputs };
}

/** Labels that leave: some positions along one axis, in all rows alike, of a field that may lose them; undefined if there is none. */
function drawLabels({ walk }: Analysis, draw: Random): ((label: number) => boolean) | undefined {
  const { labels } = walk;
  const fields = [
    ...[...walk.layouts.values()].flatMap((layout) => layout.fields),
    ...labels.slots.map(({ first, size }) => ({ labels: Int32Array.from({ length: size }, (_, at) => first + at) })),
  ];
  const movable = fields.filter(({ labels: own }) => own.length > 1 && own.some((label) => !labels.frozen(label)));
  for (let time = 0; time < 8 && movable.length > 0; time++) {
    const field = movable[draw.integer(movable.length)];
    const factors = 'factors' in field ? (field as Field).factors : undefined;
    const size = factors ? sizesOf(factors)[factors.length - 1] : field.labels.length;
    const gone = new Set(Array.from({ length: size - 1 }, () => draw.integer(size)).slice(0, 1 + draw.integer(size)));
    const roots = new Set(
      [...field.labels].flatMap((label, at) =>
        gone.has(at % size) && !labels.frozen(label) ? [labels.find(label)] : [],
      ),
    );
    const leaves = (label: number) => roots.has(labels.find(label));
    const emptied = labels.slots.some(({ first, size: all }) => {
      for (let at = 0; at < all; at++) if (!leaves(first + at)) return false;
      return true;
    });
    if (roots.size > 0 && !emptied) return leaves;
  }
  return undefined;
}

function slicesOf({ walk }: Analysis, leaves: (label: number) => boolean): RemovedSlice[] {
  return walk.labels.slots.flatMap(({ initializer, axis, first, size }) => {
    const indices = [...Array(size).keys()].filter((at) => leaves(first + at));
    return indices.length > 0 ? [{ initializer: initializer.name, axis, indices }] : [];
  });
}

/** The output of the cut model against the positions of the masked one that stay. */
function compare(
  got: Feed,
  { whole, masked }: { whole: Feed; masked: Feed },
  layout: Layout | undefined,
  free: Readonly<Record<string, number>>,
  leaves: (label: number) => boolean,
  tolerance: number,
): void {
  const [actual, all, before] = [got, masked, whole].map(numbersOf);
  const fields = layout ? fieldsAt(layout, masked.dims, free) : [];
  const scale = Math.max(1e-30, ...all.filter(Number.isFinite).map(Math.abs));
  let next = 0;
  for (const [at, want] of all.entries()) {
    const gone = fields.filter(({ labelAt }) => leaves(labelAt(at)));
    if (gone.length > 0) {
      const zero = gone.some(({ field }) => field.zero && !field.centred);
      if (zero && Math.abs(want) > 1e-6 * scale) throw new Disagreement(`position ${at} is ${want}, not zero`);
      if (!Number.isFinite(want) && Number.isFinite(before[at]))
        throw new Disagreement(`position ${at} becomes ${want} where weights leave`);
      continue;
    }
    const have = actual[next++];
    if (!isNear(have, want, tolerance * scale)) throw new Disagreement(`position ${at} is ${have}, not ${want}`);
  }
  if (next !== actual.length) throw new Disagreement(`${actual.length} positions stay, not ${next}`);
}

function isNear(a: number, b: number, tolerance: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= tolerance;
}

/** The label that each field has for a position of the whole value. */
function fieldsAt(
  layout: Layout,
  dims: readonly number[],
  free: Readonly<Record<string, number>>,
): { field: Field; labelAt: (position: number) => number }[] {
  const sizeOf = (factor: Factor) => evaluateDim(factor.size, free);
  const strideOf = (factors: readonly Factor[], factor: Factor) =>
    factors.slice(factors.indexOf(factor) + 1).reduce((product, inner) => product * sizeOf(inner), 1);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  return layout.fields.map((field) => ({
    field,
    labelAt(position) {
      let offset = 0;
      for (const factor of field.factors) {
        const axis = layout.axes.findIndex((factors) => factors.includes(factor));
        const along = Math.floor(position / strides[axis]) % dims[axis];
        const digit = Math.floor(along / strideOf(layout.axes[axis], factor)) % sizeOf(factor);
        offset += digit * strideOf(field.factors, factor);
      }
      return field.labels[offset];
    },
  }));
}

/** The sizes of dimensions that the inputs leave open. */
function freeSizes({ graph }: Model, feeds: Feeds): Record<string, number> {
  return Object.fromEntries(
    graph.inputs.flatMap(({ name, type }) =>
      (type?.shape ?? []).flatMap((dim, axis) => (typeof dim === 'string' ? [[dim, feeds[name].dims[axis]]] : [])),
    ),
  );
}

function numbersOf({ type, dims, data }: Feed): number[] {
  if (type === 'FLOAT16') return [...Tensor.of(type, dims, data as Uint16Array).numbers()].map(Number);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
