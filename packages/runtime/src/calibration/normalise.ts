import type { Preprocess } from './preprocess.js';

/** Interleaved bytes to normalised planes; one channel stands for all three. */
export function normalise(
  bytes: Uint8Array,
  channels: number,
  { scale, mean, std }: Preprocess,
  pixels: number,
): Float32Array {
  const data = new Float32Array(3 * pixels);
  for (let channel = 0; channel < 3; channel++) {
    const from = Math.min(channel, channels - 1);
    const [factor, shift] = [scale / std[channel], mean[channel] / std[channel]];
    for (let at = 0; at < pixels; at++) data[channel * pixels + at] = bytes[at * channels + from] * factor - shift;
  }
  return data;
}
