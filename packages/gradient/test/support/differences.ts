import { cloneModel, type Model, Tensor } from '@snp/onnx';
import { type Feed, type Feeds, normals, type Random, runModel } from '@snp/testing';
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
  /** Distance of the points, in units of the values. */
  step: number;
}

/** Holds the gradients of `model` against central differences along random directions, of the sum of its answers times random numbers. */
export async function compareWithDifferences(model: Model, feeds: Feeds, options: Options): Promise<Comparison[]> {
  const { random, by, step } = options;
  const plain = await runModel(model, feeds);
  const weights = Object.fromEntries(
    Object.entries(plain).map(([name, answer]) => [name, normals(random, answer.data.length)]),
  );
  const { model: withGradients, directions, gradients } = gradientModel(model, { by });
  const asFeeds = Object.entries(directions).map(([name, input]): [string, Feed] => {
    const { type, dims, data } = plain[name];
    return [input, { type, dims, data: likeFeed(data, weights[name]) } as Feed];
  });
  const found = await runModel(withGradients, { ...feeds, ...Object.fromEntries(asFeeds) });
  const weighed = (answers: Feeds) =>
    Object.entries(weights).reduce((sum, [name, own]) => {
      const { data } = answers[name];
      return own.reduce((inner, weight, at) => inner + Math.fround(weight) * Number(data[at]), sum);
    }, 0);
  if (!Number.isFinite(weighed(plain))) throw new Kink('the answers are not finite');
  const scale = Math.max(1e-3, Math.abs(weighed(plain)));
  const comparisons: Comparison[] = [];
  for (const name of by) {
    const along = normals(random, sizeOf(model, feeds, name));
    const shifted = async (distance: number) => weighed(await runShifted(model, feeds, { name, along, distance }));
    const [below, at, above] = [await shifted(-step), await shifted(0), await shifted(step)];
    const near = (above - below) / (2 * step);
    const far = ((await shifted(2 * step)) - (await shifted(-2 * step))) / (4 * step);
    const quotient = (4 * near - far) / 3;
    const bend = Math.max(Math.abs(above - 2 * at + below) / step, Math.abs(near - far));
    if (!(bend <= 1e-2 * Math.max(Math.abs(quotient), scale))) throw new Kink(name);
    const { data } = found[gradients[name]];
    const slope = along.reduce((sum, value, index) => sum + value * Number(data[index]), 0);
    comparisons.push({
      name,
      error: Math.abs(slope - quotient) / Math.max(Math.abs(quotient), Math.abs(slope), scale),
    });
  }
  return comparisons;
}

function likeFeed(like: Feed['data'], numbers: ArrayLike<number>): Feed['data'] {
  return like instanceof Float64Array ? Float64Array.from(numbers) : Float32Array.from(numbers);
}

function sizeOf(model: Model, feeds: Feeds, name: string): number {
  return feeds[name]?.data.length ?? model.graph.value(name).tensor!.size;
}

async function runShifted(
  model: Model,
  feeds: Feeds,
  { name, along, distance }: { name: string; along: Float32Array; distance: number },
): Promise<Feeds> {
  const moved = (numbers: ArrayLike<number | bigint>) =>
    Array.from(numbers as ArrayLike<number>, (value, at) => Number(value) + distance * along[at]);
  const feed = feeds[name];
  if (feed) {
    const data = likeFeed(feed.data, moved(feed.data));
    return runModel(model, { ...feeds, [name]: { ...feed, data } as Feed });
  }
  const copy = cloneModel(model);
  const value = copy.graph.value(name);
  const { dataType, dims } = value.tensor!;
  value.tensor = Tensor.fromNumbers(dataType, dims, moved(value.tensor!.numbers()));
  return runModel(copy, feeds);
}
