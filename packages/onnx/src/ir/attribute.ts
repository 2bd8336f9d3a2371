import type { Tensor } from '../tensor/tensor.js';
import type { Graph } from './graph.js';

/** An attribute's value by its kind, named as in `AttributeProto.AttributeType`. Integers are 64 bits wide. */
export type AttributeValue =
  | { type: 'FLOAT'; value: number }
  | { type: 'INT'; value: bigint }
  | { type: 'STRING'; value: Uint8Array }
  | { type: 'TENSOR'; value: Tensor }
  | { type: 'GRAPH'; value: Graph }
  | { type: 'FLOATS'; value: number[] }
  | { type: 'INTS'; value: bigint[] }
  | { type: 'STRINGS'; value: Uint8Array[] }
  | { type: 'GRAPHS'; value: Graph[] }
  /** Sparse tensors, type protos, tensor lists, references to a function's attributes: kept as they are, in `proto`. */
  | { type: 'OTHER' };

/** A node's attribute. `proto` holds what was read beside the value: doc string, unknown fields. */
export type Attribute = AttributeValue & { proto?: object };

/** A plain JavaScript value for an attribute. Whole numbers become INT; write `{ float: 1 }` for a FLOAT that is whole. */
export type AttributeInit =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly bigint[]
  | { float: number }
  | Tensor
  | Attribute;
