import type { GroupMoments } from '../statistics/moments.js';

/** Whether all sums are finite numbers. */
export function areFinite({ secondMoments, pairMoments, streamMoments, crossMoments }: GroupMoments): boolean {
  const lists = [
    secondMoments?.products,
    secondMoments?.sums,
    ...(pairMoments?.queries ?? []),
    ...(pairMoments?.keys ?? []),
    ...(streamMoments ?? []).flatMap(({ products, sums }) => [products, sums]),
    ...(crossMoments ?? []).map(({ products }) => products),
  ];
  return lists.every((list) => list === undefined || isFiniteList(list));
}

function isFiniteList(list: Float64Array): boolean {
  // Zero times what is no finite number is none; four at a time, for there are many.
  let sum = 0;
  const whole = list.length - (list.length % 4);
  for (let at = 0; at < whole; at += 4) sum += 0 * list[at] + 0 * list[at + 1] + 0 * list[at + 2] + 0 * list[at + 3];
  for (let at = whole; at < list.length; at++) sum += 0 * list[at];
  return sum === 0;
}
