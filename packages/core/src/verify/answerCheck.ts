import { isFloatType } from '@snp/onnx';
import type { Feeds, RuntimeTensor } from '@snp/runtime';
import { relativeDifference } from '../evaluate/rows.js';
import { numbersOf } from './numbersOf.js';
import { saysSomething } from './saysSomething.js';

/** Adds up how far the answers of two models are apart, over runs. */
export class AnswerCheck {
  /** Largest difference of floating-point outputs, max |a - b| / max |a| over an output of a run. Infinite where shapes differ, or only one is a number. */
  difference = 0;
  /** Some output of whole numbers, truth values or texts differs. */
  wholesDiffer = false;
  /** Some answers were no constants: without, nothing is proven. */
  saysSomething = false;
  runs = 0;

  /** Outputs are compared in their order, for models may name them differently. */
  add(want: Feeds, got: Feeds): void {
    this.runs++;
    this.saysSomething ||= saysSomething(want);
    const [a, b] = [Object.values(want), Object.values(got)];
    if (a.length !== b.length) this.difference = Number.POSITIVE_INFINITY;
    for (const [at, tensor] of a.entries()) if (b[at]) this.#compare(tensor, b[at]);
  }

  #compare(want: RuntimeTensor, got: RuntimeTensor): void {
    if (want.type !== got.type || want.dims.join() !== got.dims.join()) this.difference = Number.POSITIVE_INFINITY;
    else if (isFloatType(want.type))
      this.difference = Math.max(this.difference, relativeDifference(numbersOf(want), numbersOf(got)));
    else this.wholesDiffer ||= !sameElements(want.data, got.data);
  }
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
