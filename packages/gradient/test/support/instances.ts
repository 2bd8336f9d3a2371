import type { Value } from '@snp/onnx';
import type { Sampler } from '@snp/testing';

type Instance = (sampler: Sampler) => readonly Value[];

/** [batch, channels, ...spatial], with channels in groups. */
function picture(s: Sampler, groups = 1): number[] {
  const spatial = Array.from({ length: s.whole(1, 3) }, () => s.whole(2, 4));
  return [s.whole(1, 3), groups * s.whole(1, 3), ...spatial];
}

const epsilon = (s: Sampler) => s.some({ epsilon: () => ({ float: 0.01 }) });

const instance: Instance = (s) => {
  const shape = picture(s);
  const channels = [shape[1]];
  return [s.one('InstanceNormalization', [s.input(shape), s.weight(channels), s.weight(channels)], epsilon(s))];
};

const group: Instance = (s) => {
  const num_groups = s.whole(1, 3);
  const shape = picture(s, num_groups);
  const own = [s.opset < 21 ? num_groups : shape[1]];
  return [s.one('GroupNormalization', [s.input(shape), s.weight(own), s.weight(own)], { num_groups, ...epsilon(s) })];
};

const meanVariance: Instance = (s) => {
  const shape = [s.whole(2, 3), s.whole(1, 3), s.whole(2, 3), s.whole(2, 3)];
  const axes = s.choose([[0, 2, 3], [2, 3], [-1], [1, 2, 3]]);
  return [s.one('MeanVarianceNormalization', [s.input(shape)], s.some({ axes: () => axes }))];
};

/** Normalizations of channels: how each is drawn, and from which operator set on. */
export const CHANNEL_NORM_INSTANCES: readonly (readonly [operator: string, draw: Instance, oldest: number])[] = [
  ['GroupNormalization', group, 18],
  ['InstanceNormalization', instance, 16],
  ['MeanVarianceNormalization', meanVariance, 16],
];
