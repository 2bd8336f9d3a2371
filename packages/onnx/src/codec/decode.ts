import { SnpError } from '../errors.js';
import { type Message, UNKNOWN_FIELDS } from './message.js';
import { Reader } from './reader.js';
import { type FieldKind, type FieldSchema, isMessage, type MessageName, schema } from './schema.js';

/** Messages nest as deep as graphs in graphs do; more than this is an attack or an accident. */
const MAX_DEPTH = 100;

/** The largest exports have some hundred thousand; two bytes each suffice to ask for hundreds of bytes of memory. */
const MAX_MESSAGES = 10_000_000;

/**
 * Reads a message of the ONNX format. Fields the schema does not know are kept as they are.
 *
 * @throws SnpError `invalid-file` if the bytes are no such message, `limit` if messages are nested too deep or too many.
 */
export function decodeMessage(name: MessageName, bytes: Uint8Array): Message {
  return readMessage(name, new Reader(bytes), 0);
}

function readMessage(name: MessageName, reader: Reader, depth: number): Message {
  if (depth > MAX_DEPTH) {
    throw new SnpError(
      'limit',
      `The file nests messages more than ${MAX_DEPTH} deep, at byte ${reader.at}. No exporter writes such files; do not trust it.`,
    );
  }
  count(reader);
  const fields = schema[name];
  const message: Message = {};
  while (!reader.done) {
    const start = reader.at;
    const tag = reader.varint();
    const wireType = tag & 7;
    const field = fields[Math.floor(tag / 8)];
    if (field && fits(field, wireType)) readField(message, field, wireType, reader, depth);
    else {
      count(reader);
      reader.skip(wireType);
      message[UNKNOWN_FIELDS] ??= [];
      message[UNKNOWN_FIELDS].push(reader.bytes.subarray(start, reader.at));
    }
  }
  return message;
}

function count({ met, at }: Reader): void {
  if (++met.messages <= MAX_MESSAGES) return;
  throw new SnpError(
    'limit',
    `The file has more than ${MAX_MESSAGES} nodes, attributes and other parts, at byte ${at}. No exporter writes such files; do not trust it.`,
  );
}

/** The wire type of single values of a kind. */
export function wireTypeOf(kind: FieldKind): number {
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'uint64':
    case 'enum':
      return 0;
    case 'double':
      return 1;
    case 'float':
      return 5;
    default:
      return 2;
  }
}

/** A field of another wire type than the schema's is a newer meaning of its number: kept, not read. */
function fits(field: FieldSchema, wireType: number): boolean {
  const own = wireTypeOf(field.kind);
  return wireType === own || (field.repeated === true && wireType === 2 && own !== 2);
}

function readField(message: Message, field: FieldSchema, wireType: number, reader: Reader, depth: number): void {
  const { name, kind } = field;
  if (!field.repeated) {
    message[name] = readValue(kind, reader, depth);
    return;
  }
  const packed = wireType === 2 && wireTypeOf(kind) !== 2;
  if (packed) message[name] = join(message[name], readRun(kind, reader.nested()));
  else {
    const list = Array.isArray(message[name]) ? message[name] : Array.from(message[name] ?? []);
    list.push(readValue(kind, reader, depth));
    message[name] = list;
  }
}

function readValue(kind: FieldKind, reader: Reader, depth: number): unknown {
  switch (kind) {
    case 'int32':
    case 'enum':
      return reader.varint32();
    case 'int64':
      return reader.varint64(true);
    case 'uint64':
      return reader.varint64(false);
    case 'float':
      return reader.float();
    case 'double':
      return reader.double();
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.chunk();
    default:
      return isMessage(kind) ? readMessage(kind, reader.nested(), depth + 1) : undefined;
  }
}

/** Packed numbers: floating-point ones as typed arrays, since there may be millions. */
function readRun(kind: FieldKind, reader: Reader): unknown[] | Float32Array | Float64Array {
  const length = reader.end - reader.at;
  if (kind === 'float' || kind === 'double') {
    const size = kind === 'float' ? 4 : 8;
    if (length % size !== 0) throw reader.fail('a list of numbers ends in the middle of one');
    const copy = reader.bytes.slice(reader.at, reader.end);
    return kind === 'float'
      ? new Float32Array(new Uint8Array(copy).buffer)
      : new Float64Array(new Uint8Array(copy).buffer);
  }
  const list: unknown[] = [];
  while (!reader.done) list.push(readValue(kind, reader, 0));
  return list;
}

function join(before: ArrayLike<unknown> | undefined, more: ArrayLike<unknown>): unknown {
  if (before === undefined || before.length === 0) return more;
  const list = Array.isArray(before) ? before : Array.from(before);
  for (let at = 0; at < more.length; at++) list.push(more[at]);
  return list;
}
