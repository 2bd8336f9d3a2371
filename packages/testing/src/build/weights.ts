import { normals, random } from '../random.js';

/**
 * Random weights by name. A weight depends on the seed, its name and its size only, so that models built in different
 * forms from one seed compute the same.
 */
export class Weights {
  constructor(
    readonly seed: number,
    /** Standard deviation a linear layer gives its outputs for inputs of deviation 1. */
    readonly scale: number,
  ) {}

  /** The matrix of a linear layer as [in, out], row-major. */
  matrix(name: string, inputs: number, outputs: number): Float32Array {
    return this.normals(name, inputs * outputs, this.scale / Math.sqrt(inputs));
  }

  /** A bias, or the shift of a norm. */
  bias(name: string, size: number): Float32Array {
    return this.normals(name, size, 0.1);
  }

  /** The scale of a norm, around 1. */
  gain(name: string, size: number): Float32Array {
    return this.normals(name, size, 0.1, 1);
  }

  /** Normals of a given deviation and mean. */
  normals(name: string, size: number, deviation: number, mean = 0): Float32Array {
    return normals(random(this.seed, name), size, deviation, mean);
  }
}
