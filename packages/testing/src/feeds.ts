/**
 * A dense tensor as it crosses into and out of a runtime; `data` is row-major. Element types are named as in the ONNX
 * specification; FLOAT16 is given by its bit patterns.
 */
export type Feed =
  | { type: 'FLOAT'; dims: readonly number[]; data: Float32Array }
  | { type: 'DOUBLE'; dims: readonly number[]; data: Float64Array }
  | { type: 'FLOAT16'; dims: readonly number[]; data: Uint16Array }
  | { type: 'INT64'; dims: readonly number[]; data: BigInt64Array }
  | { type: 'INT32'; dims: readonly number[]; data: Int32Array }
  | { type: 'INT8'; dims: readonly number[]; data: Int8Array }
  | { type: 'UINT8'; dims: readonly number[]; data: Uint8Array }
  | { type: 'BOOL'; dims: readonly number[]; data: Uint8Array };

/** Tensors by the names of a model's inputs or outputs. */
export type Feeds = Record<string, Feed>;
