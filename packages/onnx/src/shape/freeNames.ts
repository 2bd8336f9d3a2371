import type { Graph } from '../ir/graph.js';
import type { Value } from '../ir/value.js';
import { symbolsOf } from './dimFunctions.js';
import type { ShapeInfo } from './inferShapes.js';

/** Names of the dimensions that a model's inputs leave open. */
export interface FreeNames {
  /** Those that come first in an input: its batch. */
  firsts: string[];
  /** All others. */
  others: string[];
  /** Of these, what counts tokens that came before: by its name, or by the names of all inputs that have it. */
  pasts: string[];
  /** Of these, what counts all tokens, old and new: by its name. */
  totals: string[];
}

/** The free dimensions of a graph's inputs, by what they count. */
export function freeNames({ inputs: all }: Graph, shapes: ShapeInfo): FreeNames {
  const inputs = all.filter(({ tensor }) => !tensor);
  const names = (value: Value) =>
    new Set((shapes.shape(value) ?? []).flatMap((dim) => symbolsOf(dim).map(({ name }) => name)));
  const firsts = new Set(
    inputs.flatMap((value) =>
      (shapes.shape(value) ?? []).slice(0, 1).flatMap((dim) => symbolsOf(dim).map(({ name }) => name)),
    ),
  );
  const others = [...new Set(inputs.flatMap((value) => [...names(value)]))].filter((name) => !firsts.has(name));
  const isPast = (name: string) =>
    namesPast(name) || inputs.every((value) => namesPast(value.name) || !names(value).has(name));
  const totals = others.filter(isTotal);
  return { firsts: [...firsts], others, totals, pasts: others.filter((name) => !isTotal(name) && isPast(name)) };
}

/** True of names for what came before. */
export const namesPast = (name: string): boolean => /past|cache/i.test(name);
const isTotal = (name: string) => /total|present/i.test(name);
