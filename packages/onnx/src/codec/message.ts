/** Key under which a message keeps the fields it has no name for: each as its tag and content, in file order. */
export const UNKNOWN_FIELDS: unique symbol = Symbol('unknown fields');

/**
 * A protobuf message as a plain object: fields by their camelCase names, as in onnx-proto's interfaces, with 64-bit
 * integers as bigint, bytes as views into the file, and packed numbers as typed arrays. A field that is not in the file
 * is not in the object.
 */
export interface Message {
  // biome-ignore lint/suspicious/noExplicitAny: the schema, not the compiler, knows what a field holds
  [field: string]: any;
  [UNKNOWN_FIELDS]?: Uint8Array[];
}
