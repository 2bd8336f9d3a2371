import type { Model } from '@snp/onnx';

/** A short hash of a model's structure: operators, wiring, initializers' names and shapes; not of the weights' values. */
export function fingerprint(model: Model): string {
  const hash = new Fnv();
  for (const value of model.graph.initializers)
    hash.add(`${value.name}:${value.tensor!.dataType}:${value.tensor!.dims};`);
  for (const node of model.graph.nodes) {
    hash.add(
      `${node.op}(${node.inputs.map((value) => value?.name ?? '')})${node.outputs.map((value) => value?.name ?? '')};`,
    );
  }
  return hash.text;
}

/**
 * FNV-1a with 64 bits, over UTF-16 code units: tells models apart, and needs nothing that a browser lacks. Not meant against forgery. Both halves are
 * multiplied by 2^40 + 0x1b3 as numbers, since every stage asks for it and big integers take twenty times as long.
 */
class Fnv {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  add(text: string): void {
    let [high, low] = [this.#high, this.#low];
    for (let at = 0; at < text.length; at++) {
      low = (low ^ text.charCodeAt(at)) >>> 0;
      const product = low * 0x1b3;
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    [this.#high, this.#low] = [high, low];
  }

  get text(): string {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, '0')).join('');
  }
}
