import type { RuntimeTensor } from './runtime.js';

/** Adds up outputs over runs, by name, in float64. */
export class Sums {
  readonly #sums = new Map<string, { dims: readonly number[]; data: Float64Array }>();

  add(name: string, { dims, data }: RuntimeTensor): void {
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new Error(`output '${name}' cannot be summed: it is neither float32 nor float64`);
    const sum = this.#sums.get(name);
    if (!sum) {
      this.#sums.set(name, { dims, data: new Float64Array(data) });
      return;
    }
    if (sum.dims.join() !== dims.join())
      throw new Error(`output '${name}' has shape [${dims}] after [${sum.dims}], and cannot be summed`);
    if (data instanceof Float32Array) addSingle(sum.data, data);
    else addDouble(sum.data, data);
  }

  take(name: string): RuntimeTensor {
    const sum = this.#sums.get(name);
    if (!sum) throw new Error(`output '${name}' was not summed`);
    this.#sums.delete(name);
    return { type: 'DOUBLE', ...sum };
  }
}

// Two functions, each for one type of array: a loop that meets both runs at a fraction of the speed.
/** Adds float32 numbers to sums. */
export function addSingle(sum: Float64Array, data: Float32Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] += data[at];
}

function addDouble(sum: Float64Array, data: Float64Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] += data[at];
}
