import type { DataType } from '../tensor/dataType.js';
import type { Dim } from './dim.js';
import type { Element } from './elements.js';

/** What is known about a value. */
export interface ValueFacts {
  /** Element type. */
  readonly type?: DataType | undefined;
  /** Dimensions; undefined where not even the rank is known. */
  readonly shape?: readonly Dim[] | undefined;
  /** Every element, row-major, of a small tensor with a static shape. */
  readonly content?: readonly Element[] | undefined;
}

/** What a rule says about an output: dimensions it cannot tell are undefined. */
export interface OutputFacts {
  readonly type?: DataType | undefined;
  readonly shape?: readonly (Dim | undefined)[] | undefined;
  readonly content?: readonly Element[] | undefined;
}
