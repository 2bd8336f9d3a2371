import type { Model, Tensor, Value } from '@snp/onnx';

/** Which weights two models share. */
export interface SharedWeights {
  /** Weights of the second model, each with the one of the first that it equals. */
  matched: Map<Value, Value>;
  /** Weights of the first model that the second one has, too, but not as often and under other names: which is which cannot be told. */
  unclear: Set<Value>;
}

/** Matches weights of one name and content, and of those whose names differ, as exporters number them, those of equal content: in the order of the files where both have them equally often. */
export function matchWeights(first: Model, second: Model): SharedWeights {
  const matched = new Map<Value, Value>();
  const left = new Set(first.graph.initializers);
  const others = second.graph.initializers.filter((weight) => {
    const own = first.graph.values.get(weight.name);
    if (!own?.tensor || !left.has(own) || !equal(weight.tensor!, own.tensor)) return true;
    matched.set(weight, own);
    left.delete(own);
    return false;
  });
  const unclear = new Set<Value>();
  const seen = new Set<Value>();
  for (const weight of left) {
    if (seen.has(weight)) continue;
    const same = (one: Value) => equal(one.tensor!, weight.tensor!);
    const [mine, theirs] = [[...left].filter(same), others.filter(same)];
    for (const own of mine) seen.add(own);
    if (theirs.length === 0) continue;
    if (mine.length === theirs.length) for (const [at, own] of mine.entries()) matched.set(theirs[at], own);
    else for (const own of mine) unclear.add(own);
  }
  return { matched, unclear };
}

/** Whether two weights hold the same. */
export function equal(a: Tensor, b: Tensor): boolean {
  if (a.dataType !== b.dataType || a.dims.join() !== b.dims.join() || a.dataType === 'STRING') return false;
  const [own, other] = [a.bytes(), b.bytes()];
  for (let at = 0; at < own.length; at++) if (own[at] !== other[at]) return false;
  return true;
}
