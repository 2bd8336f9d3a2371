import { SnpError } from '@snp/onnx';
import { describe, expect, it } from 'vitest';
import { relativeError } from '../src/index.js';

describe('relativeError', () => {
  it('is the largest difference over the largest expected magnitude', () => {
    expect(relativeError([1, -3, 2], [1, -4, 2])).toBe(0.25);
    expect(relativeError(BigInt64Array.of(2n, 5n), [4, 5])).toBe(0.4);
  });

  it('is 0 for equal and infinite for something against nothing', () => {
    expect(relativeError([0, 0], [0, 0])).toBe(0);
    expect(relativeError([0, 1], [0, 0])).toBe(Number.POSITIVE_INFINITY);
  });

  it('is NaN where anything is, so that no tolerance holds', () => {
    expect(relativeError([Number.NaN, 1], [1, 1])).toBeNaN();
    expect(relativeError([1, 1], [Number.NaN, 1])).toBeNaN();
  });

  it('refuses to compare unequal sizes or nothing', () => {
    expect(() => relativeError([1], [1, 2])).toThrow(SnpError);
    expect(() => relativeError([], [])).toThrow(/positive size/);
  });
});
