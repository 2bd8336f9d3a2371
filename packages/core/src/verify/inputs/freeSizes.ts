import { freeNames, type Model, type ShapeInfo, SnpError, type Value } from '@snp/onnx';

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
  const { firsts, others, pasts, totals } = freeNames(model.graph, shapes);
  checkDims(dims, [...firsts, ...others]);
  const sizes: Record<string, number> = { ...dims };
  for (const name of firsts) sizes[name] ??= batch;
  const [past] = pasts;
  const fresh = others.find((name) => name !== past && !totals.includes(name));
  for (const name of others.filter((own) => !totals.includes(own))) sizes[name] ??= other;
  for (const name of others)
    sizes[name] ??= past !== undefined && fresh !== undefined ? sizes[past] + sizes[fresh] : other;
  return sizes;
}

/** What has to be given to a model to run it. */
export function modelInputs(model: Model): Value[] {
  return model.graph.inputs.filter((input) => !input.tensor);
}

function checkDims(dims: FreeSizesOptions['dims'], known: readonly string[]): void {
  const unknown = Object.keys(dims ?? {}).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new SnpError(
    'invalid-argument',
    `No input has a free dimension '${unknown}'. ${known.length > 0 ? `Free are: ${known.join(', ')}.` : 'All have fixed sizes.'}`,
  );
}
