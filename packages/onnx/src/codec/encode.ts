import { wireTypeOf } from './decode.js';
import { type Message, UNKNOWN_FIELDS } from './message.js';
import { type FieldKind, isMessage, type MessageName, schema } from './schema.js';
import { Writer } from './writer.js';

/** Writes a message of the ONNX format as chunks; large byte fields are among them by reference. */
export function encodeMessage(name: MessageName, message: Message): Uint8Array[] {
  const writer = new Writer();
  writeMessage(name, message, writer);
  return writer.finish();
}

function writeMessage(name: MessageName, message: Message, writer: Writer): void {
  for (const [number, field] of Object.entries(schema[name])) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (!field.repeated) writeField(Number(number), field.kind, value, writer);
    else if (field.packed) writeRun(Number(number), field.kind, value, writer);
    else for (const item of value) writeField(Number(number), field.kind, item, writer);
  }
  for (const bytes of message[UNKNOWN_FIELDS] ?? []) writer.bytes(bytes);
}

function writeField(number: number, kind: FieldKind, value: unknown, writer: Writer): void {
  writer.varint(number * 8 + wireTypeOf(kind));
  if (isMessage(kind)) {
    const nested = new Writer();
    writeMessage(kind, value as Message, nested);
    writer.varint(nested.length);
    writer.append(nested);
  } else writeValue(kind, value, writer);
}

function writeRun(number: number, kind: FieldKind, values: ArrayLike<unknown>, writer: Writer): void {
  if (values.length === 0) return;
  const run = new Writer();
  if (values instanceof Float32Array || values instanceof Float64Array) {
    run.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  } else for (const value of Array.from(values)) writeValue(kind, value, run);
  writer.varint(number * 8 + 2);
  writer.varint(run.length);
  writer.append(run);
}

function writeValue(kind: FieldKind, value: unknown, writer: Writer): void {
  switch (kind) {
    case 'int32':
    case 'enum':
      return writer.varint64(BigInt(value as number));
    case 'int64':
    case 'uint64':
      return writer.varint64(BigInt(value as bigint));
    case 'float':
      return writer.float(value as number);
    case 'double':
      return writer.double(value as number);
    case 'string':
      return writer.string(value as string);
    case 'bytes': {
      const bytes = value as Uint8Array;
      writer.varint(bytes.length);
      return writer.bytes(bytes);
    }
  }
}
