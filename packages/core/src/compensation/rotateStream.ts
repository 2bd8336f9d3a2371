import type { Member, NeuronGroup } from '@snp/graph';
import type { Value } from '@snp/onnx';
import { lowerFactor, squareOf, symmetricEigen, symmetricValues, triangleLength } from '@snp/runtime';
import type { Algebra } from '../algebra/algebra.js';
import { type Covariance, covarianceOf, meanVariance } from '../algebra/covariance.js';
import { orthonormal } from '../algebra/orthonormal.js';
import { product, transpose } from '../algebra/product.js';
import { RIDGE } from '../algebra/ridge.js';
import { readerRows, singleRows, writeReader } from '../layers/linearReader.js';
import type { Norm } from '../layers/norm.js';
import { residualStream, type Stream, type StreamReader } from '../layers/residualStream.js';
import type { Weights } from '../layers/weights.js';
import type { SecondMoments } from '../statistics/moments.js';
import type { Compensation } from './compensation.js';
import type { CompensationMethod, MethodInput } from './method.js';
import { firstColumns } from './pairSpectrum.js';

/**
 * Rotation of the residual stream, of which then the axes leave that its readers need least.
 *
 * Everything that is added to the stream loses its mean and is rotated, every reader is rotated back, and norms are folded into their readers, so that
 * nothing changes until axes leave (SliceGPT, arXiv 2401.15024). Beyond that paper: the axes are chosen by what all readers together make of them, not by the
 * variance of the stream, and each reader is refitted by ridge to what is left, from the moments at its own place. To keep the plain
 * LayerNormalization, the r axes are embedded in r + 1 channels by a basis that is orthogonal to the vector of ones; the stream is scaled by
 * sqrt(channels now / channels before), so that norms divide by what they did, epsilon included.
 */
export const rotateStream: CompensationMethod = {
  statistics: ['streamMoments'],
  prepare: rotationOf,
};

async function rotationOf(
  group: NeuronGroup,
  { moments: { streamMoments: moments }, analysis, algebra }: MethodInput,
): Promise<Compensation | string> {
  const stream = residualStream(group, analysis);
  if (typeof stream === 'string') return stream;
  const sites = group.sites.filter(({ role }) => role === 'input');
  if (!moments || moments.length !== sites.length) return 'has no statistics';
  const { units: size } = group;
  const places = sites.map((site, at) => ({
    moments: moments[at],
    readers: stream.readers.filter((reader) => reader.site === site),
  }));
  const axes = await principalAxes(size, stream, places, algebra);
  if (!axes) return 'has statistics without a finite solution';
  const spare = stream.centring ? 1 : 0;
  const touched = [
    ...stream.terms.map(({ initializer }) => initializer),
    ...stream.norms.flatMap(({ scale, shift }) => [scale, shift]),
    ...stream.readers.flatMap(({ member, bias }) => [member.initializer, bias]),
  ];
  return {
    group,
    name: 'rotation',
    errors: Float64Array.from({ length: size + 1 }, (_, width) => axes.lost[Math.max(0, width - spare)]),
    select: (width) => Array.from({ length: width }, (_, unit) => unit),
    touches: [...new Set(touched.flatMap((value) => value ?? []))],
    async apply(kept, weights, algebra) {
      const turn = turnTo(axes.basis(), size, kept.length, stream.centring);
      // About zero where a reader has no bias to take the mean.
      const covariances = places.map((place) =>
        covarianceOf(place.moments, { centred: place.readers.every(({ bias }) => bias) }),
      );
      const refits: (Float64Array | undefined)[] = [];
      for (const covariance of covariances) refits.push(await refitTo(turn, covariance, algebra));
      if (!refits.every((refit) => refit !== undefined)) return false;
      for (const [at, { readers }] of places.entries())
        for (const reader of readers)
          await turnReader(reader, kept, {
            turn,
            refit: refits[at]!,
            covariance: covariances[at],
            algebra,
            edits: weights,
          });
      for (const term of stream.terms) await turnTerm(term, kept, { turn, algebra, edits: weights });
      for (const norm of stream.norms) clearNorm(norm, weights);
      return true;
    },
  };
}

/** Rows of a reader's weight as they act on what the norm has before its scale. */
function scaledRows(reader: StreamReader, size: number, weights: Weights): Float64Array {
  const rows = readerRows(reader, weights);
  const scale = weights.numbers(reader.norm.scale);
  const outputs = rows.length / size;
  return rows.map((weight, at) => weight * scale[Math.floor(at / outputs)]);
}

/** Beside the mean variance of the stream: directions that calibration data never take must not blow up. */
const FLOOR = 1e-6;

/** Products of readers that are waited for at a time: others' work in the runtime comes in between. */
const READERS_AT_ONCE = 4;

interface Axes {
  /** [channels, axes], orthonormal columns, those that readers need most first: worked out when it is asked for. */
  basis: () => Float64Array;
  /** Mean square of what readers lose when the first r axes stay, for every r. */
  lost: Float64Array;
}

/**
 * Axes in the order in which all readers together need them: with C = L L^T the moments of the normalised stream and A the sum of W W^T of all readers, the
 * leading eigenvectors of L^T A L, taken back to the stream by L.
 */
async function principalAxes(
  size: number,
  { centring }: Stream,
  places: readonly { moments: SecondMoments; readers: readonly StreamReader[] }[],
  algebra: Algebra,
): Promise<Axes | undefined> {
  const [products, needs] = [new Float64Array(triangleLength(size)), new Float64Array(size * size)];
  for (const { moments } of places) {
    const share = 1 / (moments.count * places.length);
    for (let at = 0; at < products.length; at++) products[at] += moments.products[at] * share;
  }
  const mixed = squareOf(products);
  const all = places.flatMap(({ readers }) => readers);
  for (let start = 0; start < all.length; start += READERS_AT_ONCE) {
    const readers = all.slice(start, start + READERS_AT_ONCE);
    const grams = await Promise.all(readers.map((reader) => algebra.gram(singleRows(reader), size)));
    // One after the other: sums in another order differ in their last digit.
    for (const [at, { norm }] of readers.entries()) addScaled(needs, grams[at], norm.scale.tensor!.numbers());
  }
  const mean = meanVariance({ size, matrix: mixed });
  for (let i = 0; i < size; i++) mixed[i * (size + 1)] += FLOOR * mean;
  const root = mean > 0 ? lowerFactor(mixed, size) : undefined;
  if (!root || !needs.every(Number.isFinite)) return undefined;
  const needed = await algebra.product(needs, root, size, size, size);
  const weighted = await algebra.product(transpose(root, size, size), needed, size, size, size);
  const values = symmetricValues(weighted, size);
  const ones = centring ? [new Float64Array(size).fill(1 / Math.sqrt(size))] : [];
  const count = size - ones.length;
  const lost = new Float64Array(size + 1);
  for (let axis = count - 1; axis >= 0; axis--) lost[axis] = lost[axis + 1] + Math.max(0, values[axis]);
  const basisOf = () => {
    const { vectors } = symmetricEigen(weighted, size);
    const leading = firstColumns(transpose(vectors, size, size), size, count);
    return orthonormal(product(root, leading, size, size, count), size, count, ones);
  };
  let basis: Float64Array | undefined;
  return { basis: () => (basis ??= basisOf()), lost };
}

/** Adds a matrix whose rows and columns are scaled. */
function addScaled(sum: Float64Array, matrix: Float64Array, scale: ArrayLike<number>): void {
  const n = scale.length;
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < n; j++, at++) sum[at] += scale[i] * matrix[at] * scale[j];
}

interface Turn {
  size: number;
  width: number;
  /** [channels before, channels now]: what is added to the stream is multiplied with it from the right. */
  forth: Float64Array;
  /** [channels now, channels before]: readers are multiplied with it from the left. */
  back: Float64Array;
}

/** The rotation that leaves so many channels. */
function turnTo(basis: Float64Array, size: number, width: number, centring: boolean): Turn {
  const all = basis.length / size;
  const axes = centring ? width - 1 : width;
  const scale = Math.sqrt(width / size);
  const kept = firstColumns(basis, all, axes);
  const embedding = centring ? orthogonalToOnes(width) : identity(width);
  const forth = product(kept, transpose(embedding, width, axes), size, axes, width).map((element) => element * scale);
  const back = transpose(forth, size, width).map((element) => element / scale ** 2);
  return { size, width, forth, back };
}

/** [n, n - 1], orthonormal columns of mean zero: those of Helmert (1876). */
function orthogonalToOnes(n: number): Float64Array {
  const columns = new Float64Array(n * (n - 1));
  for (let column = 0; column < n - 1; column++) {
    const before = column + 1;
    const length = Math.sqrt(before * (before + 1));
    for (let i = 0; i < before; i++) columns[i * (n - 1) + column] = 1 / length;
    columns[before * (n - 1) + column] = -before / length;
  }
  return columns;
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * (n + 1)] = 1;
  return matrix;
}

/** What readers at a place are multiplied with from the left: `back`, and what the axes that stay tell about those that leave. */
async function refitTo(
  { size, width, forth, back }: Turn,
  { matrix }: Covariance,
  algebra: Algebra,
): Promise<Float64Array | undefined> {
  const across = await algebra.product(transpose(forth, size, width), matrix, width, size, size);
  const own = await algebra.product(across, forth, width, size, width);
  const variance = meanVariance({ size: width, matrix: own });
  if (!(variance > 0)) return back;
  const explained = await algebra.product(own, back, width, width, size);
  const rest = across.map((element, at) => element - explained[at]);
  for (let i = 0; i < width; i++) own[i * (width + 1)] += RIDGE * variance;
  const [change] = await algebra.solve(own, width, [rest]);
  const refit = change && back.map((element, at) => element + change[at]);
  return refit?.every(Number.isFinite) ? refit : undefined;
}

/** Rewrites a reader for the rotated stream, its norm's scale and shift folded in. */
async function turnReader(
  reader: StreamReader,
  kept: readonly number[],
  given: { turn: Turn; refit: Float64Array; covariance: Covariance; algebra: Algebra; edits: Weights },
): Promise<void> {
  const { refit, algebra, edits } = given;
  const { size, width, forth } = given.turn;
  const { centre } = given.covariance;
  const plain = readerRows(reader, edits);
  const rows = scaledRows(reader, size, edits);
  const outputs = rows.length / size;
  const weights = await algebra.product(refit, rows, width, size, outputs);
  // Of the mean, what the channels that stay do not give.
  const carried = product(product(centre, forth, 1, size, width), refit, 1, width, size);
  const offset = product(
    centre.map((mean, i) => mean - carried[i]),
    rows,
    1,
    size,
    outputs,
  );
  if (reader.norm.shift) {
    const shift = product(Float64Array.from(edits.numbers(reader.norm.shift)), plain, 1, size, outputs);
    for (let o = 0; o < outputs; o++) offset[o] += shift[o];
  }
  writeReader(reader, kept, { weights, offset }, edits);
}

/** Rotates what is added to the stream: every slice along the channels' axis becomes a row vector times `forth`. */
async function turnTerm(
  { initializer, axis, unitOf }: Member,
  kept: readonly number[],
  { turn: { size, width, forth }, algebra, edits }: { turn: Turn; algebra: Algebra; edits: Weights },
): Promise<void> {
  const { dims } = initializer.tensor!;
  const old = edits.numbers(initializer);
  const inner = dims.slice(axis + 1).reduce((count, dim) => count * dim, 1);
  const slices = old.length / size;
  const positionOf = new Int32Array(size);
  unitOf.forEach((unit, position) => {
    positionOf[unit] = position;
  });
  const placeOf = (slice: number, unit: number) =>
    (Math.floor(slice / inner) * size + positionOf[unit]) * inner + (slice % inner);
  const rows = new Float64Array(old.length);
  for (let slice = 0, at = 0; slice < slices; slice++)
    for (let unit = 0; unit < size; unit++, at++) rows[at] = old[placeOf(slice, unit)];
  const turned = await algebra.product(rows, forth, slices, size, width);
  const data = new Float32Array(old.length);
  for (let slice = 0, at = 0; slice < slices; slice++)
    for (const unit of kept) data[placeOf(slice, unit)] = turned[at++];
  edits.write(initializer, data);
}

/** The scale and shift went into the readers. */
function clearNorm({ scale, shift }: Norm, weights: Weights): void {
  const fill = (value: Value, number: number) =>
    weights.write(value, new Float32Array(value.tensor!.size).fill(number));
  fill(scale, 1);
  if (shift) fill(shift, 0);
}
