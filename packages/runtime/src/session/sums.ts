import type { RuntimeTensor } from './runtime.js';

/** Adds up outputs over runs, by name, in float64. */
export class Sums {
  readonly #sums = new Map<string, { dims: readonly number[]; data: Float64Array }>();

  add(name: string, { dims, data }: RuntimeTensor): void {
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new Error(`output '${name}' cannot be summed: it is neither float32 nor float64`);
    const sum = this.#sums.get(name);
    if (!sum) {
      this.#sums.set(name, { dims, data: Float64Array.from(data) });
      return;
    }
    if (sum.dims.join() !== dims.join())
      throw new Error(`output '${name}' has shape [${dims}] after [${sum.dims}], and cannot be summed`);
    for (let at = 0; at < data.length; at++) sum.data[at] += data[at];
  }

  take(name: string): RuntimeTensor {
    const sum = this.#sums.get(name);
    if (!sum) throw new Error(`output '${name}' was not summed`);
    this.#sums.delete(name);
    return { type: 'DOUBLE', ...sum };
  }
}
