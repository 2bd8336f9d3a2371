import { uniformNumbers } from '@snp/runtime';

/** The numbers from 0 to `count` - 1 in random order (Fisher and Yates), which follows from a seed. */
export function shuffled(count: number, seed: number): number[] {
  const next = uniformNumbers(seed);
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

/** A seed for one part of what a seed stands for. */
export function seedOf(seed: number, part: number): number {
  return (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b)) >>> 0;
}

/** Which samples each step takes: all of them in a new order in each epoch. It follows from the seed and the step alone. */
export class BatchOrder {
  #epoch = -1;
  #order: number[] = [];

  constructor(
    readonly samples: number,
    readonly batch: number,
    private readonly seed: number,
  ) {}

  get stepsPerEpoch(): number {
    return Math.ceil(this.samples / this.batch);
  }

  /** Samples of a step, counted from 0. The last batch of an epoch is filled up with the first samples of that epoch. */
  at(step: number): number[] {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#order = shuffled(this.samples, seedOf(this.seed, epoch));
      this.#epoch = epoch;
    }
    const first = (step % this.stepsPerEpoch) * this.batch;
    return Array.from({ length: this.batch }, (_, at) => this.#order[(first + at) % this.samples]);
  }
}
