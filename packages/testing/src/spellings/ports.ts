import type { Feed } from '../feeds.js';
import { BATCH, PAST, TOKENS } from './sizes.js';
import { type AxisUnits, isGone } from './weight.js';

/** Where a cache's samples, heads, tokens and neurons lie. */
export type PortAxes = 'bhtw' | 'bhwt' | 'bthw';

/** A graph input or output that holds keys or values of past tokens, and the units of its heads' neurons. */
export interface Port {
  readonly axes: PortAxes;
  readonly heads: number;
  readonly width: number;
  readonly units: AxisUnits;
}

/** Keys or values of one sample: by head, token and neuron. */
export type ByHead = readonly (readonly (readonly number[])[])[];

/** Shape as inputs and outputs state it. */
export function portShape<T>({ axes, heads, width }: Port, batch: T, tokens: T): (T | number)[] {
  return [...axes].map((axis) => ({ b: batch, h: heads, t: tokens, w: width })[axis as 'b']);
}

/** One sample's numbers in a cache's order, by head. */
export function readPort(numbers: readonly number[], port: Port): ByHead {
  const { heads, width } = port;
  const places = placesOf(port, PAST);
  const made = Array.from({ length: heads }, () => Array.from({ length: PAST }, () => new Array<number>(width)));
  for (const [at, { h, t, w }] of places.entries()) made[h][t][w] = numbers[at];
  return made;
}

/** One sample in a cache's order. */
export function writePort(byHead: ByHead, port: Port): number[] {
  return placesOf(port, PAST + TOKENS).map(({ h, t, w }) => byHead[h][t][w]);
}

/** The numbers of all samples of a cache that stay. */
export function keptNumbers(numbers: readonly number[], port: Port, removed: ReadonlySet<string>): number[] {
  const { heads, width, units } = port;
  const places = placesOf(port, numbers.length / (BATCH * heads * width));
  return numbers.filter((_, at) => {
    const { h, w } = places[at % places.length];
    return !isGone(units[h * width + w], removed);
  });
}

/** A cache without what has left; all heads that stay keep as many neurons. */
export function narrowedPort(feed: Feed, port: Port, removed: ReadonlySet<string>): Feed {
  const { axes, heads, width, units } = port;
  const data = Float32Array.from(keptNumbers(Array.from(feed.data, Number), port, removed));
  const left = Array.from({ length: heads }, (_, head) => units.slice(head * width, (head + 1) * width))
    .map((own) => own.filter((unit) => !isGone(unit, removed)).length)
    .filter((neurons) => neurons > 0);
  const [batch, tokens] = [feed.dims[0], feed.dims[axes.indexOf('t')]];
  return { type: 'FLOAT', dims: portShape({ ...port, heads: left.length, width: left[0] ?? 0 }, batch, tokens), data };
}

interface Place {
  readonly h: number;
  readonly t: number;
  readonly w: number;
}

/** Head, token and neuron of each number of one sample. */
function placesOf({ axes, heads, width }: Port, tokens: number): Place[] {
  const sizes = { h: heads, t: tokens, w: width };
  let places: Place[] = [{ h: 0, t: 0, w: 0 }];
  for (const axis of axes.slice(1) as Iterable<keyof Place>) {
    places = places.flatMap((place) => Array.from({ length: sizes[axis] }, (_, at) => ({ ...place, [axis]: at })));
  }
  return places;
}
