import type { Tensor } from '@snp/onnx';
import type { Weight } from '@snp/testing';

/** The weight in the arrangement that a stored tensor of it has become: axes in another order, or several as one. Told by its numbers. */
function arrangedAs(
  weight: Weight,
  { dims, numbers }: { dims: readonly number[]; numbers: () => ArrayLike<number> },
): Weight {
  if (weight.dims.join() === dims.join()) return weight;
  const wanted = numbers();
  for (const perm of permutations([...weight.axes.keys()])) {
    const turned = weight.transpose(perm);
    if (!turned.data.every((number, at) => Math.abs(number - wanted[at]) <= 1e-2 * Math.abs(number))) continue;
    const merged = mergedTo(turned, dims);
    if (merged) return merged;
  }
  throw new Error(
    `'${weight.name}' is stored in a form that is not one of its arrangements: ${weight.dims} as ${dims}`,
  );
}

function mergedTo(weight: Weight, dims: readonly number[]): Weight | undefined {
  let result = weight;
  for (const [axis, size] of dims.entries()) {
    let [count, product] = [0, 1];
    while (product < size || (count === 0 && size === 1)) product *= result.dims[axis + count++] ?? Number.NaN;
    if (product !== size) return undefined;
    result = result.merge(axis, count);
  }
  return result.dims.join() === dims.join() ? result : undefined;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** Stored weights in the arrangements that they have in a model. Those of a branch that took the place of its `If` have a number behind their names. */
export function inModel(
  stored: ReadonlyMap<string, Weight>,
  initializers: Iterable<{ name: string; tensor?: Tensor | undefined }>,
): Map<string, Weight> {
  return new Map(
    [...initializers].flatMap(({ name, tensor }) => {
      const weight = stored.get(name) ?? stored.get(name.replace(/_\d+$/, ''));
      return weight && tensor
        ? [[name, arrangedAs(weight, { dims: tensor.dims, numbers: () => tensor.numbers() })]]
        : [];
    }),
  );
}
