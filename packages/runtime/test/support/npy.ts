const DESCR = {
  Float32Array: '<f4',
  Float64Array: '<f8',
  Int32Array: '<i4',
  BigInt64Array: '<i8',
  Uint8Array: '|u1',
  Uint16Array: '<f2',
} as const;

/** Numbers of an array file; half precision by its bits. */
export type NpyData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/**
 * Bytes that `numpy.lib.format.write_array` writes (NEP 1): magic, version, length of the header, the header padded to a
 * multiple of 64, content.
 */
export function npy(
  shape: readonly number[],
  data: NpyData,
  { fortran = false, version = 1, descr = '' } = {},
): Buffer {
  const type = descr || DESCR[data.constructor.name as keyof typeof DESCR];
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${tuple}), }`;
  const before = version === 1 ? 10 : 12;
  const length = Math.ceil((before + dict.length + 1) / 64) * 64 - before;
  const start = Buffer.alloc(before);
  start.set([0x93, ...Buffer.from('NUMPY'), version, 0]);
  if (version === 1) start.writeUInt16LE(length, 8);
  else start.writeUInt32LE(length, 8);
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([start, Buffer.from(`${dict.padEnd(length - 1)}\n`), content]);
}
