import type { RuntimeData, RuntimeTensor, TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';

/**
 * A sample of tokens without those that its mask rules out at its begin and at its end: padding would count in all statistics and comparisons. The same sample where the model takes no other length, where
 * there is no mask [1, tokens], and where past keys and values lie before the tokens.
 */
export function withoutPadding(sample: Sample, inputs: readonly TensorInfo[]): Sample {
  const mask = inputs.find(({ name, dims }) => /mask/i.test(name) && dims.length === 2 && typeof dims[1] !== 'number');
  const tensor = mask && sample.feeds[mask.name];
  if (tensor?.dims.length !== 2 || tensor.dims[0] !== 1) return sample;
  const counted = Array.from(tensor.data as ArrayLike<number | bigint>, (number) => Number(number) !== 0);
  const [first, last] = [counted.indexOf(true), counted.lastIndexOf(true)];
  if (first < 0 || (first === 0 && last === counted.length - 1)) return sample;
  const tokens = counted.length;
  const along = inputs.map(({ name, dims }) => ({
    name,
    axes: dims.flatMap((dim, axis) =>
      axis > 0 && typeof dim !== 'number' && sample.feeds[name].dims[axis] === tokens ? [axis] : [],
    ),
  }));
  // Something of another length knows how many tokens there are.
  const others = inputs.some(
    ({ name, dims }) => /past|cache|len|total/i.test(name) && (dims.length < 2 || sample.feeds[name].data.length > 0),
  );
  if (others) return sample;
  const feeds = Object.fromEntries(
    along.map(({ name, axes }) => [
      name,
      axes.reduce((own, axis) => cut(own, { axis, from: first, to: last + 1 }), sample.feeds[name]),
    ]),
  );
  const { following } = sample;
  const rest =
    following && following.ids.length === tokens
      ? { following: { ...following, ids: following.ids.slice(first, last + 1) } }
      : {};
  return { ...sample, feeds, ...rest };
}

/** Positions of an axis. */
function cut(
  { type, dims, data }: RuntimeTensor,
  { axis, from, to }: { axis: number; from: number; to: number },
): RuntimeTensor {
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const whole = dims[axis] * inner;
  const stays = (_: unknown, at: number) => {
    const position = Math.floor((at % whole) / inner);
    return position >= from && position < to;
  };
  const kept = (data as Float32Array).filter(stays as never) as RuntimeData;
  return { type, dims: dims.map((dim, at) => (at === axis ? to - from : dim)), data: kept };
}
