import { SnpError } from '@snp/onnx';
import {
  type Feeds,
  type RunPlan,
  type RuntimeData,
  type RuntimeTensor,
  runPlan,
  type Sample,
  type TensorInfo,
} from '@snp/runtime';

type Numbers = Exclude<RuntimeData, string[]>;
type NumbersType = new (length: number) => Numbers;

/** How samples become the inputs of a run. */
export class Stacking {
  readonly #plan: RunPlan;
  /** Sizes of inputs that all samples share; undefined along axes that differ. */
  readonly #dims: ReadonlyMap<string, readonly (number | undefined)[]>;

  /**
   * @param most Samples of a run where the model takes any number.
   * @throws SnpError `calibration` if samples do not go together.
   */
  constructor(samples: readonly Sample[], inputs: readonly TensorInfo[], most: number) {
    this.#plan = runPlan(samples[0], inputs, most);
    this.#dims = new Map(inputs.map(({ name }) => [name, sharedDims(samples, name)]));
    this.#check(samples, inputs);
  }

  /** Samples of a run. */
  get size(): number {
    return this.#plan.size;
  }

  /** Whether all samples are of one size. */
  get even(): boolean {
    return [...this.#dims.values()].every((dims) => !dims.includes(undefined));
  }

  /** Shapes of the inputs of a run; undefined along axes of no fixed size. */
  get inputShapes(): Record<string, (number | undefined)[]> {
    return Object.fromEntries(
      [...this.#dims].map(([name, dims]) => [name, this.#isStacked(name) ? [this.size, ...dims.slice(1)] : [...dims]]),
    );
  }

  /** The inputs of a run. Samples that are shorter than the longest are filled up with zeros, which their mask leaves out. */
  feeds(samples: readonly Sample[]): Feeds {
    return Object.fromEntries(
      [...this.#dims.keys()].map((name) => {
        const tensors = samples.map(({ feeds }) => feeds[name]);
        return [name, this.#isStacked(name) ? stacked(tensors) : tensors[0]];
      }),
    );
  }

  #isStacked(name: string): boolean {
    return this.#plan.stacked.has(name) && (this.size > 1 || this.#dims.get(name)?.[0] === 1);
  }

  #check(samples: readonly Sample[], inputs: readonly TensorInfo[]): void {
    const shared = inputs.find(({ name }) => this.size > 1 && !this.#isStacked(name) && !areEqual(samples, name));
    if (shared)
      throw new SnpError(
        'calibration',
        `The model takes input '${shared.name}' once for all samples of a run, but they hold different numbers in it.`,
      );
    const uneven = [...this.#dims].filter(([, dims]) => dims.includes(undefined)).map(([name]) => name);
    if (uneven.length === 0 || this.size === 1) return;
    const masked = uneven.some((name) => /mask/i.test(name));
    if (masked && uneven.every((name) => this.#dims.get(name)!.length === 2)) return;
    throw new SnpError(
      'calibration',
      `Samples are of different sizes in ${uneven.map((name) => `'${name}'`).join(', ')}, and the model has no mask [samples, tokens] that could leave out what fills them up. Texts can be cut to one length (--pack).`,
    );
  }
}

function sharedDims(samples: readonly Sample[], name: string): (number | undefined)[] {
  const [{ dims: first }, ...others] = samples.map(({ feeds }) => feeds[name]);
  return first.map((size, axis) => (others.every(({ dims }) => dims[axis] === size) ? size : undefined));
}

function areEqual(samples: readonly Sample[], name: string): boolean {
  const [first, ...others] = samples.map(({ feeds }) => feeds[name]);
  const same = ({ dims, data }: RuntimeTensor) =>
    dims.join() === first.dims.join() && data.every((number, at) => number === first.data[at]);
  return others.every(same);
}

/** Tensors [1, ...] one behind the other, as large as the largest. */
export function stacked(tensors: readonly RuntimeTensor[]): RuntimeTensor {
  const [{ type, dims, data }] = tensors;
  const sizes = dims.map((_, axis) => Math.max(...tensors.map((own) => own.dims[axis])));
  const row = sizes.slice(1).reduce((product, size) => product * size, 1);
  const joined = new (data.constructor as NumbersType)(row * tensors.length);
  // What is shorter has two axes, and ends before its row does.
  for (const [at, tensor] of tensors.entries()) joined.set(tensor.data as never, at * row);
  return { type, dims: [tensors.length, ...sizes.slice(1)], data: joined };
}
