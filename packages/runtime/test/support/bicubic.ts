/** Keys' cubic convolution kernel with a = -0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  if (x < 2) return -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2;
  return 0;
}

/** Weights of `from` samples for each of `to`: the kernel is widened when there are fewer, and cut off at the edges. */
function weights(from: number, to: number): number[][] {
  const scale = from / to;
  const widening = Math.max(1, scale);
  return Array.from({ length: to }, (_, at) => {
    const row = Array.from({ length: from }, (__, i) => cubic((i + 0.5 - (at + 0.5) * scale) / widening));
    const sum = row.reduce((a, b) => a + b);
    return row.map((weight) => weight / sum);
  });
}

/** One plane of a picture resized as Pillow's BICUBIC does it, without rounding in between. */
export function bicubic(
  plane: readonly number[],
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): number[] {
  const [down, across] = [weights(height, toHeight), weights(width, toWidth)];
  return down.flatMap((rows) =>
    across.map((columns) => {
      let sum = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) sum += rows[y] * columns[x] * plane[y * width + x];
      return Math.min(255, Math.max(0, sum));
    }),
  );
}
