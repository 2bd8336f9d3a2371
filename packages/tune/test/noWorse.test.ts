import { normals, random } from '@snp/testing';
import { expect, it } from 'vitest';
import { isNoWorse } from '../src/run/noWorse.js';

const losses = (seed: number, deviation: number) => Float64Array.from(normals(random(seed, 'loss'), 64, deviation));
const sum = (one: Float64Array, other: Float64Array, shift = 0) => one.map((own, at) => own + other[at] + shift);

it('losses are no worse where their mean is within a standard error, however much samples differ', () => {
  const base = losses(1, 10);
  expect(isNoWorse(base, base)).toBe(true);
  for (const [seed, deviation] of [
    [2, 1],
    [3, 0.01],
  ]) {
    const noise = losses(seed, deviation);
    const mean = noise.reduce((all, own) => all + own, 0) / 64;
    const error = Math.sqrt(noise.reduce((all, own) => all + (own - mean) ** 2, 0) / (64 * 63));
    expect(isNoWorse(sum(base, noise, -mean + 0.99 * error), base)).toBe(true);
    expect(isNoWorse(sum(base, noise, -mean + 1.01 * error), base)).toBe(false);
    expect(isNoWorse(sum(base, noise, -mean - 5 * error), base)).toBe(true);
  }
});
