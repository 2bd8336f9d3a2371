import fc from 'fast-check';
import { anyBytes, anyInt64, anyMessage } from './anyMessage.js';
import { officialType, type PlainMessage } from './officialSchema.js';

/** Each element type by the number onnx.proto gives it: bits of one element, the typed field for it, its entries' bits. */
const LAYOUTS: Record<number, [bits: number, field: string, entryBits: number]> = {
  1: [32, 'floatData', 32],
  2: [8, 'int32Data', 8],
  3: [8, 'int32Data', 8],
  4: [16, 'int32Data', 16],
  5: [16, 'int32Data', 16],
  6: [32, 'int32Data', 32],
  7: [64, 'int64Data', 64],
  9: [8, 'int32Data', 8],
  10: [16, 'int32Data', 16],
  11: [64, 'doubleData', 64],
  12: [32, 'uint64Data', 32],
  13: [64, 'uint64Data', 64],
  14: [64, 'floatData', 32],
  15: [128, 'doubleData', 64],
  16: [16, 'int32Data', 16],
  17: [8, 'int32Data', 8],
  18: [8, 'int32Data', 8],
  19: [8, 'int32Data', 8],
  20: [8, 'int32Data', 8],
  21: [4, 'int32Data', 8],
  22: [4, 'int32Data', 8],
  23: [4, 'int32Data', 8],
  24: [8, 'int32Data', 8],
  25: [2, 'int32Data', 8],
  26: [2, 'int32Data', 8],
};

/** The number of STRING, whose content is a list of bytes. */
const STRING = 8;

/** Numbers of all element types, without UNDEFINED. */
const ELEMENT_TYPES: readonly number[] = [...Object.keys(LAYOUTS).map(Number), STRING];

const ENTRIES: Record<string, fc.Arbitrary<unknown>> = {
  floatData: fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN)),
  doubleData: fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN)),
  int32Data: fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1)),
  int64Data: anyInt64,
  uint64Data: fc.constantFrom('0', '1', String(2n ** 63n), String(2n ** 64n - 1n)),
};

/** Everything beside type, shape and content. */
const anyRest = anyMessage(officialType('TensorProto'), 1).map(
  ({ docString, metadataProps, futureText, futureNumber, futureFloats, futureFixed, futureDouble }) => {
    const rest = { docString, metadataProps, futureText, futureNumber, futureFloats, futureFixed, futureDouble };
    return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  },
);

/** A valid `TensorProto` of any element type: content in raw form, in the type's own field, or in another file. */
export const anyTensor: fc.Arbitrary<PlainMessage> = fc
  .tuple(fc.constantFrom(...ELEMENT_TYPES), fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), anyRest)
  .chain(([dataType, dims, rest]) =>
    anyContent(dataType, dims).map((content) => ({ dims: dims.map(String), dataType, ...content, ...rest })),
  );

function anyContent(dataType: number, dims: number[]): fc.Arbitrary<PlainMessage> {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const exactly = (length: number) => ({ minLength: length, maxLength: length });
  if (dataType === STRING) return fc.array(anyBytes, exactly(size)).map((stringData) => ({ stringData }));
  const [bits, field, entryBits] = LAYOUTS[dataType];
  const byteLength = Math.ceil((size * bits) / 8);
  return fc.oneof(
    fc.uint8Array(exactly(byteLength)).map((rawData) => ({ rawData })),
    fc.array(ENTRIES[field], exactly((byteLength * 8) / entryBits)).map((entries) => ({ [field]: entries })),
    fc.nat().map((page) => ({
      dataLocation: 1,
      externalData: Object.entries({
        location: 'weights/größe.data',
        offset: `${page * 4096}`,
        length: `${byteLength}`,
        checksum: 'da39a3ee',
      }).map(([key, value]) => ({ key, value })),
    })),
  );
}
