import { type Analysis, unitGroups } from '@snp/graph';
import { cloneModel, type DataType, type Model, SnpError, Tensor, type Value } from '@snp/onnx';
import { fingerprint } from '../plan/fingerprint.js';
import type { Plan } from '../plan/plan.js';
import { applyPlan } from '../surgery/applyPlan.js';

/**
 * The original model with the weights of the pruned one at the places they were cut from, and zeros where the plan removes units: what a model
 * pruned with compensation must equal, whatever that did to the weights. The places are found by cutting a model whose weights are
 * their own positions.
 *
 * @throws SnpError `plan-mismatch` if the pruned model's weights are not those that the plan leaves.
 */
export function restoredModel(analysis: Analysis, pruned: Model, plan: Plan): Model {
  const restored = cloneModel(analysis.model);
  const members = unitGroups(analysis)
    .filter(({ id }) => plan.groups[id])
    .flatMap((group) => group.members.map(({ initializer }) => initializer));
  const cut = new Set(members.filter(({ tensor }) => FLOATS.has(tensor!.dataType)));
  const places = [...startsOf([...cut])];
  const numbered = positions(analysis.model, places);
  const marked = applyPlan(
    { ...analysis, model: numbered },
    { ...plan, model: { fingerprint: fingerprint(numbered) } },
  );
  const filled = new Map(places.map(([{ name, tensor }]) => [name, new Float32Array(tensor!.size)]));
  const original = new Map(analysis.model.graph.initializers.map((value) => [value.name, value]));
  const own = new Map(pruned.graph.initializers.map((value) => [value.name, value.tensor!]));
  for (const { name, tensor } of marked.graph.initializers) {
    const after = own.get(name);
    if (!after) throw mismatch(name);
    const numbers = tensor!.numbers();
    if (tensor!.dataType !== 'DOUBLE' || !isNumbered(numbers)) {
      // Not cut: compensation may have changed a bias, or nothing.
      const before = original.get(name);
      if (before && !cut.has(before) && isAlike(after, before.tensor!)) restored.graph.value(name).tensor = after;
      continue;
    }
    const contents = after.numbers();
    if (contents.length !== numbers.length || after.dims.join() !== tensor!.dims.join()) throw mismatch(name);
    scatter(numbers, contents, places, (name) => filled.get(name)!);
  }
  for (const [name, data] of filled) {
    const value = restored.graph.value(name);
    value.tensor = Tensor.fromNumbers(value.tensor!.dataType, value.tensor!.dims, data);
  }
  return restored;
}

const FLOATS = new Set<DataType>(['FLOAT', 'FLOAT16', 'BFLOAT16']);

/** On top of every position, which tells them from other numbers; float64 holds their sums exactly. */
const BASE = 2 ** 40;

type Place = readonly [value: Value, first: number];

/** Numbers all elements of all weights one after the other. */
function startsOf(values: readonly Value[]): Place[] {
  let next = 0;
  return values.map((value) => {
    const start = next;
    next += value.tensor!.size;
    return [value, start];
  });
}

/** Writes numbers to their positions: most lie in the same weight as the one before. */
function scatter(
  positions: ArrayLike<number>,
  contents: ArrayLike<number>,
  places: readonly Place[],
  weightOf: (name: string) => Float32Array,
): void {
  let [first, size] = [0, 0];
  let weight: Float32Array = new Float32Array();
  for (let at = 0; at < positions.length; at++) {
    let place = positions[at] - BASE - first;
    if (place < 0 || place >= size) {
      const [{ name, tensor }, start] = holding(places, positions[at] - BASE);
      [first, size, weight] = [start, tensor!.size, weightOf(name)];
      place = positions[at] - BASE - first;
    }
    weight[place] = contents[at];
  }
}

/** The weight that holds a position: the last one that starts before it. */
function holding(places: readonly Place[], position: number): Place {
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (places[middle][1] <= position) low = middle;
    else high = middle - 1;
  }
  return places[low];
}

/** A copy in which the elements of weights are their numbers. */
function positions(model: Model, places: readonly Place[]): Model {
  const copy = cloneModel(model);
  for (const [{ name, tensor }, start] of places) {
    const numbers = new Float64Array(tensor!.size);
    for (let at = 0; at < numbers.length; at++) numbers[at] = BASE + start + at;
    copy.graph.value(name).tensor = Tensor.of('DOUBLE', tensor!.dims, numbers);
  }
  return copy;
}

function isNumbered(numbers: ArrayLike<number>): boolean {
  for (let at = 0; at < numbers.length; at++) if (!(numbers[at] >= BASE)) return false;
  return true;
}

function isAlike(a: Tensor, b: Tensor): boolean {
  return a.dataType === b.dataType && a.dims.join() === b.dims.join();
}

function mismatch(name: string): SnpError {
  return new SnpError(
    'plan-mismatch',
    `The pruned model has no weight '${name}' of the shape that the plan leaves: it was pruned by another plan.`,
    { value: name },
  );
}
