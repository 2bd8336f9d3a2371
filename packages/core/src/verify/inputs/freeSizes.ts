import { type Model, type ShapeInfo, SnpError, symbolsOf, type Value } from '@snp/onnx';

/** Sizes for dimensions that a model leaves open. */
export interface FreeSizesOptions {
  /** First dimension of every input, where it is free. */
  batch: number;
  /** Any other free dimension. Default 16. */
  other?: number | undefined;
  /** Sizes of free dimensions by their names; these go before `batch` and `other`. */
  dims?: Readonly<Record<string, number>> | undefined;
}

/**
 * Sizes for the dimensions that a model's inputs leave open, by name: the first one of each is its batch. A dimension that is called a total is
 * the sum of what came before and what is new, where these are dimensions too.
 *
 * @throws SnpError `invalid-argument` if `dims` names a dimension that no input has.
 */
export function freeSizes(model: Model, shapes: ShapeInfo, options: FreeSizesOptions): Record<string, number> {
  const { batch, other = 16, dims } = options;
  const { firsts, others } = freeNames(model, shapes);
  checkDims(dims, [...firsts, ...others]);
  const sizes: Record<string, number> = { ...dims };
  for (const name of firsts) sizes[name] ??= batch;
  const past = others.find((name) => isPast(name, model, shapes));
  const fresh = others.find((name) => name !== past && !isTotal(name));
  for (const name of others.filter((own) => !isTotal(own))) sizes[name] ??= other;
  for (const name of others)
    sizes[name] ??= past !== undefined && fresh !== undefined ? sizes[past] + sizes[fresh] : other;
  return sizes;
}

/** Names of free dimensions: those that come first in an input, and all others. */
export function freeNames(model: Model, shapes: ShapeInfo): { firsts: string[]; others: string[] } {
  const all = modelInputs(model).map((input) => shapes.shape(input) ?? []);
  const names = (dims: (typeof all)[number]) => dims.flatMap((dim) => symbolsOf(dim).map(({ name }) => name));
  const firsts = new Set(all.flatMap(([first]) => (first === undefined ? [] : names([first]))));
  const others = new Set(names(all.flat()).filter((name) => !firsts.has(name)));
  return { firsts: [...firsts], others: [...others] };
}

/** What has to be given to a model to run it. */
export function modelInputs(model: Model): Value[] {
  return model.graph.inputs.filter((input) => !input.tensor);
}

/** True of a free dimension that counts what came before: by its name, or by the names of all inputs that have it. */
export function isPast(name: string, model: Model, shapes: ShapeInfo): boolean {
  if (isTotal(name)) return false;
  if (namesPast(name)) return true;
  const having = modelInputs(model).filter((input) =>
    shapes.shape(input)?.some((dim) => symbolsOf(dim).some((own) => own.name === name)),
  );
  return having.length > 0 && having.every((input) => namesPast(input.name));
}

/** True of names for what came before. */
export const namesPast = (name: string) => /past|cache/i.test(name);
const isTotal = (name: string) => /total|present/i.test(name);

function checkDims(dims: FreeSizesOptions['dims'], known: readonly string[]): void {
  const unknown = Object.keys(dims ?? {}).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new SnpError(
    'invalid-argument',
    `No input has a free dimension '${unknown}'. ${known.length > 0 ? `Free are: ${known.join(', ')}.` : 'All have fixed sizes.'}`,
  );
}
