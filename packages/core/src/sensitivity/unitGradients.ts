import { GraphWriter, standardForm } from '@snp/gradient';
import type { Group, Site } from '@snp/graph';
import { inferShapes, type Model, type ShapeInfo, SnpError, type Value } from '@snp/onnx';
import type { AnswerKind } from '@snp/runtime';
import { type Calibration, type RuntimeTensor, runSamples } from '@snp/runtime';
import type { UnitGradients } from '@snp/score';
import type { Context } from '../context/context.js';
import { countsSamples } from '../layers/countsSamples.js';
import { answerGradients } from './answerGradients.js';

/** Samples that gradients are taken of, the first ones. */
export const GRADIENT_SAMPLES = 128;

/** Directions in which each answer is looked at. */
const DIRECTIONS = 4;

/** Samples per run. */
const BATCH_SIZE = 4;

/** A group, and where the values of its units are. */
interface Place {
  group: Group;
  sites: readonly Site[];
}

/** Options of `unitGradients`. */
export interface UnitGradientsOptions {
  /** Those whose units have values of their own are looked at. */
  groups: readonly Group[];
  data: Calibration;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/**
 * What a mask on each unit would change of the log-likelihood of the model's own answers, to first order: the product of the unit's values with their gradients, summed over all tokens of a sample, in random
 * directions of the answers. The mean over samples of its magnitude and of its square, by group.
 *
 * @throws SnpError `unsupported` for an operator without a gradient; `runtime`; `aborted`.
 */
export async function unitGradients(
  {
    analysis,
    runtime,
    signal,
    answers: kind,
    batchSize = BATCH_SIZE,
  }: Pick<Context, 'analysis' | 'runtime' | 'batchSize' | 'answers' | 'signal'>,
  { groups, data, onProgress }: UnitGradientsOptions,
): Promise<Map<string, UnitGradients>> {
  const places = groups.flatMap((group): Place[] => {
    const seen = new Set<Value>();
    const sites = group.sites.filter(({ value }) => !seen.has(value) && seen.add(value));
    return sites.length > 0 ? [{ group, sites }] : [];
  });
  if (places.length === 0) return new Map();
  const by = [...new Set(places.flatMap(({ sites }) => sites.map(({ value }) => value.name)))];
  const whole = standardForm(analysis.model, by);
  const source = { model: whole, shapes: inferShapes(whole) };
  const bySample = by.every((name) => countsSamples(whole.graph.value(name), source));
  const { model, products } = productsModel(source, places, { by, bySample, kind });
  const sums = places.map(({ group: { units } }) => ({
    magnitude: new Float64Array(units),
    square: new Float64Array(units),
  }));
  let samples = 0;
  const run = { runtime, model, calibration: data, batchSize: bySample ? batchSize : 1, signal, onProgress };
  await runSamples(run, (found, own) => {
    for (const [at, { group, sites }] of places.entries()) {
      for (const names of products[at]) {
        const rows = bySample ? own.length : 1;
        addRows(
          sums[at],
          unitRows(
            names.map((name) => found[name]),
            sites,
            { units: group.units, rows },
          ),
        );
      }
    }
    samples += own.length;
  });
  if (samples === 0) throw new SnpError('calibration', 'The calibration data hold no samples.');
  const mean = (numbers: Float64Array) => numbers.map((sum) => sum / (samples * DIRECTIONS));
  return new Map(
    places.map(({ group }, at) => [group.id, { magnitude: mean(sums[at].magnitude), square: mean(sums[at].square) }]),
  );
}

/** Products of values and gradients, by group, direction and site: names of outputs of shape [samples, positions of units], or [1, positions]. */
function productsModel(
  source: { model: Model; shapes: ShapeInfo },
  places: readonly Place[],
  { by, bySample, kind }: { by: readonly string[]; bySample: boolean; kind: AnswerKind | undefined },
): { model: Model; products: string[][][] } {
  const { model, gradients } = answerGradients(source, { by, directions: DIRECTIONS, kind });
  const { graph } = model;
  const writer = new GraphWriter(graph, model.opset);
  const products = places.map(({ sites }) =>
    gradients.map((byName) =>
      sites.map(({ value: { name }, rank, axis, laneAxis }) => {
        const kept = new Set([axis, laneAxis ?? axis, ...(bySample ? [0] : [])]);
        const summed = [...Array(rank).keys()].filter((each) => !kept.has(each));
        const product = writer.cast(writer.mul(graph.value(name), graph.value(byName[name])), 'FLOAT');
        const sum = summed.length > 0 ? writer.sum(product, summed, true) : product;
        const output = writer.op('Flatten', [sum], { axis: bySample ? 1 : 0 });
        output.type = { elementType: 'FLOAT', shape: undefined };
        return output;
      }),
    ),
  );
  graph.outputs.splice(0, graph.outputs.length, ...products.flat(2));
  graph.removeDead();
  return { model, products: products.map((each) => each.map((own) => own.map(({ name }) => name))) };
}

/** The products of each sample by units, over all sites: a unit may have several positions at one, and of an axis of batch and heads several rows. */
function unitRows(
  found: readonly RuntimeTensor[],
  sites: readonly Site[],
  { units, rows }: { units: number; rows: number },
): Float64Array[] {
  const byUnit = Array.from({ length: rows }, () => new Float64Array(units));
  for (const [at, { unitAt }] of sites.entries()) {
    const { data, dims } = found[at];
    const length = dims[1];
    for (const [row, own] of byUnit.entries()) {
      for (let position = 0; position < length; position++) {
        const unit = unitAt[position % unitAt.length];
        if (unit >= 0) own[unit] += (data as Float32Array)[row * length + position];
      }
    }
  }
  return byUnit;
}

function addRows({ magnitude, square }: UnitGradients, rows: readonly Float64Array[]): void {
  for (const row of rows) {
    for (const [unit, product] of row.entries()) {
      magnitude[unit] += Math.abs(product);
      square[unit] += product * product;
    }
  }
}
