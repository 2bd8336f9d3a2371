import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import type { MessageName } from '../../src/index.js';

/** A message as protobufjs takes it: fields by camelCase name, 64-bit integers as decimal strings. */
export type PlainMessage = Record<string, unknown>;

/** Where the official schema keeps the messages that are nested in others. */
const NESTED: Partial<Record<MessageName, string>> = {
  TensorSegment: 'TensorProto.Segment',
  Dimension: 'TensorShapeProto.Dimension',
  TensorType: 'TypeProto.Tensor',
  SequenceType: 'TypeProto.Sequence',
  MapType: 'TypeProto.Map',
  OptionalType: 'TypeProto.Optional',
  SparseTensorType: 'TypeProto.SparseTensor',
};

const file = fileURLToPath(new URL('./onnx.proto', import.meta.url));
const { root } = protobuf.parse(readFileSync(file, 'utf8'), new protobuf.Root(), { keepCase: false });
for (const type of officialTypes(root)) addFutureFields(type);
root.resolveAll();

/** The official type of a message. It has a few fields more, as a later version of the format might. */
export function officialType(name: MessageName): protobuf.Type {
  return root.lookupType(`onnx.${NESTED[name] ?? name}`);
}

/** Every official message, by its name within the schema: `TensorProto.Segment`. */
export function officialNames(): string[] {
  return officialTypes(root).map((type) => type.fullName.replace('.onnx.', ''));
}

/** The bytes of a message by the official schema. */
export function officialBytes(name: MessageName, message: PlainMessage): Uint8Array {
  const type = officialType(name);
  return new Uint8Array(type.encode(type.fromObject(message)).finish());
}

/** What bytes mean by the official schema: the fields that are there, and nothing else. */
export function officialMeaning(name: MessageName, bytes: Uint8Array): PlainMessage {
  const type = officialType(name);
  return type.toObject(type.decode(new Uint8Array(bytes)), {
    longs: String,
    enums: Number,
    bytes: Uint8Array as never,
  });
}

function officialTypes(parent: protobuf.NamespaceBase): protobuf.Type[] {
  return parent.nestedArray.flatMap((child) => {
    if (child instanceof protobuf.Type) return [child, ...officialTypes(child)];
    return child instanceof protobuf.Namespace ? officialTypes(child) : [];
  });
}

/** Fields of every wire type under numbers that the format does not use. */
function addFutureFields(type: protobuf.Type): void {
  type.add(new protobuf.Field('futureText', 1001, 'string'));
  type.add(new protobuf.Field('futureNumber', 1002, 'sint64'));
  type.add(new protobuf.Field('futureFloats', 1003, 'float', 'repeated', undefined, { packed: false }));
  type.add(new protobuf.Field('futureFixed', 1004, 'fixed64', 'repeated', undefined, { packed: true }));
  type.add(new protobuf.Field('futureDouble', 536870911, 'double'));
}
