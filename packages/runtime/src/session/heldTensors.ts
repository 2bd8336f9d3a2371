import type { Ort, OrtMetadata, OrtTensor } from './ort.js';
import { fromOrt, toOrt } from './ortTensor.js';
import type { Feeds, RuntimeData } from './runtime.js';

/** A tensor that is held, and the one before it, whose memory the next takes. */
interface Held {
  tensor: OrtTensor;
  spare?: OrtTensor | undefined;
}

/** Tensors that stay in this process between runs, by name. */
export class HeldTensors {
  readonly #held = new Map<string, Held>();

  /** @param writesOver Whether runs can write an output over a tensor that is given for it. */
  constructor(private readonly writesOver: boolean) {}

  put(ort: Ort, tensors: Feeds): void {
    // Of memory of its own, which is written over later: arrays of one message may be the same.
    for (const [name, tensor] of Object.entries(tensors))
      this.#replace(name, toOrt(ort, { ...tensor, data: tensor.data.slice() as RuntimeData }));
  }

  copies(names: readonly string[]): Feeds {
    return Object.fromEntries(names.map((name) => [name, fromOrt(this.#at(name).tensor)]));
  }

  remove(names: readonly string[]): void {
    for (const name of names) this.#held.delete(name);
  }

  /** Inputs of a run, by the names that they are held under. */
  feeds(held: Readonly<Record<string, string>>): Record<string, OrtTensor> {
    return Object.fromEntries(Object.entries(held).map(([input, name]) => [input, this.#at(name).tensor]));
  }

  /** Where a run may write an output of a shape that does not change: over what was held before the tensor that it may be reading now. */
  roomFor(name: string, { isTensor, ...output }: OrtMetadata): OrtTensor | undefined {
    const spare = this.#held.get(name)?.spare;
    const fits =
      isTensor && 'shape' in output && spare?.type === output.type && spare.dims.join() === output.shape.join();
    return fits ? spare : undefined;
  }

  /** Takes over the outputs of a run. */
  take(hold: Readonly<Record<string, string>>, outputs: Readonly<Record<string, OrtTensor>>): void {
    for (const [output, name] of Object.entries(hold)) this.#replace(name, outputs[output]);
  }

  #replace(name: string, tensor: OrtTensor): void {
    this.#held.set(name, { tensor, spare: this.writesOver ? this.#held.get(name)?.tensor : undefined });
  }

  #at(name: string): Held {
    const held = this.#held.get(name);
    if (!held) throw new Error(`nothing is held under '${name}'`);
    return held;
  }
}
