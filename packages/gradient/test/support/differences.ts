import { cloneModel, type Model } from '@snp/onnx';
import { type Feed, type Feeds, normals, type Random, type Run, runModel, withSession } from '@snp/testing';
import { gradientModel } from '../../src/index.js';

/** What a comparison of gradients with central differences gave for one value. */
export interface Comparison {
  name: string;
  /** |gradient along a direction - difference quotient|, beside the larger of them and what the answers weigh. */
  error: number;
}

/** Thrown where the function bends so much between two neighbouring points that a difference says nothing: at a kink. */
export class Kink extends Error {}

interface Options {
  random: Random;
  /** Values to compare for: initializers and inputs. */
  by: readonly string[];
  /** Distance of the points, in units of each value's own numbers. */
  step: number;
  /** Makes of a model what the runtime can run. */
  prepare?: (model: Model) => Model;
}

/** Holds the gradients of `model` against central differences along random directions, of the sum of its answers times random numbers. */
export async function compareWithDifferences(model: Model, feeds: Feeds, options: Options): Promise<Comparison[]> {
  const { random, by, prepare = (given: Model) => given } = options;
  const { model: withGradients, directions, gradients } = gradientModel(model, { by });
  const { opened, values } = withInputs(model, feeds, by);
  return withSession(prepare(opened), async (run) => {
    const plain = await run({ ...feeds, ...values }, Object.keys(directions));
    const weights = new Map(Object.entries(plain).map(([name, { data }]) => [name, normals(random, data.length)]));
    const given = Object.entries(directions).map(([name, input]): [string, Feed] => [
      input,
      withNumbers(plain[name], weights.get(name)!),
    ]);
    const found = await runModel(prepare(withGradients), { ...feeds, ...Object.fromEntries(given) });
    const comparisons: Comparison[] = [];
    for (const name of by) {
      const along = directionOf(values[name], random);
      const quotient = await differenceQuotient(run, { feeds: { ...feeds, ...values }, name, along, weights }, options);
      const { data } = found[gradients[name]];
      const slope = along.reduce((sum, value, index) => sum + value * Number(data[index]), 0);
      const scale = Math.max(1e-3, Math.abs(weighed(plain, weights)));
      comparisons.push({
        name,
        error: Math.abs(slope - quotient) / Math.max(Math.abs(quotient), Math.abs(slope), scale),
      });
    }
    return comparisons;
  });
}

/** The model with initializers as inputs, and what all values of `by` hold. */
function withInputs(model: Model, feeds: Feeds, by: readonly string[]): { opened: Model; values: Feeds } {
  const opened = cloneModel(model);
  const values: Feeds = {};
  for (const name of by) {
    const value = opened.graph.value(name);
    const { tensor } = value;
    values[name] =
      feeds[name] ?? ({ type: tensor!.dataType, dims: tensor!.dims, data: tensor!.numbers().slice() } as Feed);
    value.tensor = undefined;
    if (!opened.graph.inputs.includes(value)) opened.graph.inputs.push(value);
  }
  return { opened, values };
}

/** Random numbers of the size of a value's own. */
function directionOf({ data }: Feed, random: Random): Float32Array {
  const square = (data as Float64Array).reduce((sum, value) => sum + Number(value) ** 2, 0) / data.length;
  return normals(random, data.length, square > 0 ? Math.sqrt(square) : 1);
}

interface Line {
  feeds: Feeds;
  name: string;
  along: Float32Array;
  weights: ReadonlyMap<string, Float32Array>;
}

/** The derivative along a line, of fourth order. */
async function differenceQuotient(run: Run, { feeds, name, along, weights }: Line, { step }: Options): Promise<number> {
  const { data } = feeds[name] as Feed & { data: Float64Array };
  const at = async (distance: number) => {
    const moved = Float64Array.from(data, (value, index) => value + distance * along[index]);
    return weighed(await run({ ...feeds, [name]: withNumbers(feeds[name], moved) }, [...weights.keys()]), weights);
  };
  const [below, here, above] = [await at(-step), await at(0), await at(step)];
  if (!Number.isFinite(here)) throw new Kink('the answers are not finite');
  const near = (above - below) / (2 * step);
  const far = ((await at(2 * step)) - (await at(-2 * step))) / (4 * step);
  const quotient = (4 * near - far) / 3;
  const bend = Math.max(Math.abs(above - 2 * here + below) / step, Math.abs(near - far));
  if (!(bend <= 1e-2 * Math.max(Math.abs(quotient), 1e-3, Math.abs(here)))) throw new Kink(name);
  return quotient;
}

function weighed(answers: Feeds, weights: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const [name, own] of weights) {
    const { data } = answers[name];
    for (const [at, weight] of own.entries()) sum += weight * Number(data[at]);
  }
  return sum;
}

function withNumbers({ type, dims, data }: Feed, numbers: ArrayLike<number>): Feed {
  const like = data instanceof Float64Array ? Float64Array.from(numbers) : Float32Array.from(numbers);
  return { type, dims, data: like } as Feed;
}
