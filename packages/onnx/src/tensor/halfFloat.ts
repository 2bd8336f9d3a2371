const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The number behind an IEEE 754 binary16 bit pattern. */
export function float16ToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** The binary16 bit pattern nearest to `value` (ties to even); overflow becomes infinity. */
export function floatToFloat16(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  // That of the float32 number: the next one where rounding to it carries, and then rounding here does too.
  const exponent = ((bits[0] >>> 23) & 0xff) - 127;
  // A carry out of the mantissa moves into the exponent by itself.
  return sign | (((exponent + 14) << 10) + roundToEven(magnitude * SCALES[exponent + 14]));
}

/** By exponents from -14 on: what makes numbers with them 1024 and more. */
const SCALES = Float64Array.from({ length: 31 }, (_, at) => 2 ** (10 - (at - 14)));

/** Numbers as binary16 bit patterns. */
export function toFloat16(numbers: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  for (let at = 0; at < halves.length; at++) halves[at] = floatToFloat16(numbers[at]);
  return halves;
}

/** Numbers as bfloat16 bit patterns. */
export function toBfloat16(numbers: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  for (let at = 0; at < halves.length; at++) halves[at] = floatToBfloat16(numbers[at]);
  return halves;
}

let float16Table: Float32Array | undefined;

/** The numbers behind binary16 bit patterns, by a table of all of them. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  float16Table ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => float16ToFloat(half));
  const numbers = new Float32Array(halves.length);
  for (let at = 0; at < halves.length; at++) numbers[at] = float16Table[halves[at]];
  return numbers;
}

/** The numbers behind bfloat16 bit patterns: the upper halves of float32 ones. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let at = 0; at < words.length; at++) words[at] = halves[at] << 16;
  return new Float32Array(words.buffer);
}

/** The number behind a bfloat16 bit pattern. */
export function bfloat16ToFloat(half: number): number {
  bits[0] = half << 16;
  return float[0];
}

/** The bfloat16 bit pattern nearest to `value` (ties to even). */
export function floatToBfloat16(value: number): number {
  float[0] = value;
  if (Number.isNaN(value)) return 0x7fc0;
  const lower = bits[0] & 0xffff;
  const upper = bits[0] >>> 16;
  const up = lower > 0x8000 || (lower === 0x8000 && (upper & 1) === 1);
  return (upper + (up ? 1 : 0)) & 0xffff;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
