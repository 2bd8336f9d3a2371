import { type Analysis, analyze, unitGroups } from '@snp/graph';
import { cloneModel, type Model, SnpError, Tensor, type Value } from '@snp/onnx';
import type { Plan } from '../plan/plan.js';
import { applyPlan } from '../surgery/applyPlan.js';

/**
 * The original model with the weights of the pruned one at the places they were cut from, and zeros where the plan removes units: what a model
 * pruned with recovery must equal, whatever recovery did to the weights. The places are found by cutting a model whose weights are
 * their own positions.
 *
 * @throws SnpError `plan-mismatch` if the pruned model's weights are not those that the plan leaves.
 */
export function restoredModel(analysis: Analysis, pruned: Model, plan: Plan): Model {
  const restored = cloneModel(analysis.model);
  const cut = new Set(
    unitGroups(analysis)
      .filter(({ id }) => plan.groups[id])
      .flatMap(({ members }) => members.map(({ initializer }) => initializer))
      .filter(({ tensor }) => tensor!.dataType === 'FLOAT'),
  );
  const starts = startsOf([...cut]);
  const [low, high] = [0, 1].map((digit) => applyPlan(analyze(positions(analysis.model, starts, digit)), plan));
  const places = [...starts];
  const filled = new Map(places.map(([{ name }]) => [name, new Float32Array(restored.graph.value(name).tensor!.size)]));
  for (const value of low.graph.initializers) {
    const own = tensorOf(pruned, value.name);
    const original = analysis.model.graph.initializers.find(({ name }) => name === value.name);
    const marked = value.tensor!.numbers();
    if (value.tensor!.dataType !== 'FLOAT' || !marked.every((digit: number) => digit >= BASE && digit < 2 * BASE)) {
      // Not cut: recovery may have changed a bias, or nothing.
      if (original && !cut.has(original) && sameShape(own, original.tensor!))
        restored.graph.value(value.name).tensor = own;
      continue;
    }
    if (!sameShape(own, value.tensor!)) throw mismatch(value.name);
    const upper = high.graph.value(value.name).tensor!.numbers();
    const numbers = own.numbers();
    for (let at = 0; at < numbers.length; at++) {
      const position = marked[at] - BASE + (upper[at] - BASE) * BASE;
      const [source, start] = places.findLast(([, first]) => first <= position)!;
      filled.get(source.name)![position - start] = numbers[at];
    }
  }
  for (const [name, data] of filled) {
    const value = restored.graph.value(name);
    value.tensor = Tensor.float32(value.tensor!.dims, data);
  }
  return restored;
}

/** Positions are written in digits that float32 holds exactly, each with this number on top, which tells them from other weights. */
const BASE = 2 ** 20;

/** Numbers all elements of all weights one after the other. */
function startsOf(values: readonly Value[]): Map<Value, number> {
  let next = 0;
  return new Map(
    values.map((value) => {
      const start = next;
      next += value.tensor!.size;
      return [value, start];
    }),
  );
}

/** A copy in which the elements of weights are one digit of their number. */
function positions(model: Model, starts: ReadonlyMap<Value, number>, digit: number): Model {
  const copy = cloneModel(model);
  for (const [{ name, tensor }, start] of starts) {
    const digits = Float32Array.from({ length: tensor!.size }, (_, at) => {
      const position = start + at;
      return BASE + (digit === 0 ? position % BASE : Math.floor(position / BASE));
    });
    copy.graph.value(name).tensor = Tensor.float32(tensor!.dims, digits);
  }
  return copy;
}

function tensorOf(model: Model, name: string): Tensor {
  const tensor = model.graph.initializers.find((value) => value.name === name)?.tensor;
  if (!tensor) throw mismatch(name);
  return tensor;
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.dataType === b.dataType && a.dims.join() === b.dims.join();
}

function mismatch(name: string): SnpError {
  return new SnpError(
    'plan-mismatch',
    `The pruned model has no weight '${name}' of the shape that the plan leaves: it was pruned by another plan.`,
    { value: name },
  );
}
