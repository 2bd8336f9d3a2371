import fc from 'fast-check';
import protobuf from 'protobufjs';
import type { PlainMessage } from './officialSchema.js';

/** Text of all planes, empty text, and a byte order mark, which decoders like to swallow. */
export const anyText = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom('', '\uFEFF', '\uFEFFmarked', '\u0000', 'größe/шаг:0') },
);

export const anyBytes = fc.uint8Array({ maxLength: 9 });

const extremes = (min: bigint, max: bigint) =>
  fc
    .oneof(fc.bigInt({ min, max }), fc.constantFrom(min, min + 1n, 0n, 127n, 128n, 2n ** 53n - 1n, 2n ** 53n, max))
    .map(String);

export const anyInt64 = extremes(-(2n ** 63n), 2n ** 63n - 1n);
const anyUint64 = extremes(0n, 2n ** 64n - 1n);

/** Values of the scalar types that occur in the schema; floating-point ones with -0, infinities and NaN. */
const SCALARS: Record<string, fc.Arbitrary<unknown>> = {
  string: anyText,
  bytes: anyBytes,
  int32: fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), -1, 0, 2 ** 31 - 1)),
  int64: anyInt64,
  sint64: anyInt64,
  uint64: anyUint64,
  fixed64: anyUint64,
  float: fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN, Number.NEGATIVE_INFINITY)),
  double: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.NEGATIVE_INFINITY)),
};

/**
 * Any message of an official type: each field there or not, empty or with edge values, nested ones down to `depth`
 * levels.
 */
export function anyMessage(type: protobuf.Type, depth: number): fc.Arbitrary<PlainMessage> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) {
    const item = anyItem(field.resolve(), depth);
    if (item) fields[field.name] = field.repeated ? fc.array(item, { maxLength: 2 }) : item;
  }
  return fc.record(fields, { requiredKeys: [] }).map((message) => withoutSecondChoices(type, message));
}

function anyItem(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> | undefined {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.values(resolvedType.values));
  if (resolvedType instanceof protobuf.Type) return depth > 0 ? anyMessage(resolvedType, depth - 1) : undefined;
  return SCALARS[field.type];
}

/** Of fields that exclude each other only one may be there. */
function withoutSecondChoices(type: protobuf.Type, message: PlainMessage): PlainMessage {
  const result = { ...message };
  for (const choice of type.oneofsArray) {
    const present = choice.fieldsArray.map((field) => field.name).filter((name) => name in result);
    for (const name of present.slice(1)) delete result[name];
  }
  return result;
}
