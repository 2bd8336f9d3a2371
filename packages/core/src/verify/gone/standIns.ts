import { type Dim, evaluateDim, symbolsOf } from '@snp/onnx';

/** Prime numbers, so that no product of them is taken for another size of the model. */
const NUMBERS = [3, 5, 7, 11, 13];

/**
 * Numbers that stand for sizes which are known at run time only. Axes that hold several others, such as `batch*heads`, can be taken apart with them: what is gone does
 * not depend on free sizes, so that one number for each shows it for all.
 */
export class StandIns {
  readonly #numbers: Record<string, number> = {};

  /** How many positions stand for an axis of that size. */
  of(dim: Dim): number {
    if (typeof dim === 'number') return dim;
    for (const { name } of symbolsOf(dim))
      this.#numbers[name] ??= NUMBERS[Object.keys(this.#numbers).length % NUMBERS.length];
    return evaluateDim(dim, this.#numbers);
  }
}
