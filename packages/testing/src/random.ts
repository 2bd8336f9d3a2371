/** A stream of pseudo-random numbers: the same seed and stream name always give the same numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** A whole number in [0, bound). */
  integer(bound: number): number;
}

/**
 * A seeded generator (sfc32). Every `stream` of a seed is a sequence of its own, so that a weight drawn under its name
 * does not depend on what else a model draws or in which order.
 *
 * @param seed any whole number
 * @param stream name of the sequence, default `''`
 */
export function random(seed: number, stream = ''): Random {
  let [a, b, c] = [seed | 0, hash(stream, 0x811c9dc5), hash(stream, 0x9e3779b9)];
  let counter = 1;
  let spare: number | undefined;

  const uniform = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };

  // Box-Muller gives normals in pairs.
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  // The first numbers still show how seed and stream differ.
  for (let round = 0; round < 15; round++) uniform();
  return { uniform, normal, integer: (bound) => Math.floor(uniform() * bound) };
}

/** `length` normals of mean `mean` and standard deviation `deviation`. */
export function normals(random: Random, length: number, deviation = 1, mean = 0): Float32Array {
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = mean + deviation * random.normal();
  return numbers;
}

/** FNV-1a of a string, from a given basis. */
function hash(text: string, basis: number): number {
  let state = basis;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state;
}
