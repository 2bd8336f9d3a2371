import { describe, expect, it } from 'vitest';
import { pairScores } from '../src/snp/pairScores.js';
import { jacobiSvd } from './jacobiSvd.js';
import { normals } from './normals.js';

/** Queries and keys [tokens, width] of one head and sample, as rows. */
function attention(tokens: number, width: number, seed: number, offset = 0) {
  const draw = normals(seed);
  const matrix = () =>
    Array.from({ length: tokens }, () => Array.from({ length: width }, (_, i) => offset + draw() * (1 + i / width)));
  return { q: matrix(), k: matrix() };
}

/** The definition, word for word: the N x N map, its full SVD, and cosines between N x N matrices. */
function naiveScores(q: number[][], k: number[][], gamma: number): number[] {
  const n = q.length;
  const map = q.map((row) => k.map((other) => row.reduce((sum, x, i) => sum + x * other[i], 0)));
  const { s, u, v } = jacobiSvd(map);
  const width = q[0].length;
  return Array.from({ length: width }, (_, i) => {
    const outer = q.map((row) => k.map((other) => row[i] * other[i]));
    const norm = Math.hypot(...outer.flat());
    let score = 0;
    for (let j = 0; j < Math.min(gamma, width); j++) {
      let dot = 0;
      let own = 0;
      for (let a = 0; a < n; a++) {
        for (let b = 0; b < n; b++) {
          const part = s[j] * u[a][j] * v[b][j];
          dot += part * outer[a][b];
          own += part * part;
        }
      }
      score += Math.abs(dot) / (Math.sqrt(own) * norm);
    }
    return score;
  });
}

/** X^T X, row-major. */
function gram(x: number[][]): Float64Array {
  const width = x[0].length;
  return Float64Array.from({ length: width * width }, (_, at) =>
    x.reduce((sum, row) => sum + row[Math.floor(at / width)] * row[at % width], 0),
  );
}

describe('pairScores', () => {
  it.each([
    [17, 4, 2],
    [17, 4, 4],
    [33, 8, 5],
    [12, 8, 8],
    [49, 16, 6],
  ])(
    'equals the definition with N x N matrices and a full SVD (%i tokens, %i neurons, gamma %i)',
    (tokens, width, gamma) => {
      for (const seed of [1, 2, 3]) {
        const { q, k } = attention(tokens, width, seed, seed === 3 ? 0.5 : 0);
        const expected = naiveScores(q, k, gamma);
        const scores = pairScores(gram(q), gram(k), width, gamma);
        for (const [i, score] of scores.entries())
          expect(Math.abs(score - expected[i]) / expected[i]).toBeLessThan(1e-6);
        const order = (list: ArrayLike<number>) =>
          Array.from(list)
            .map((score, i) => [score, i])
            .sort((a, b) => a[0] - b[0])
            .map(([, i]) => i);
        expect(order(scores)).toEqual(order(expected));
      }
    },
  );

  it('gives a pair with a silent query or key the score 0', () => {
    const { q, k } = attention(9, 4, 7);
    const scores = pairScores(gram(q.map((row) => row.with(2, 0))), gram(k), 4, 3);
    expect(scores[2]).toBe(0);
    expect(scores.every(Number.isFinite)).toBe(true);
  });

  it('does not change with the scale of queries and keys', () => {
    const { q, k } = attention(15, 6, 5);
    const plain = pairScores(gram(q), gram(k), 6, 3);
    const scaled = pairScores(gram(q.map((row) => row.map((x) => x / 8))), gram(k), 6, 3);
    for (const [i, score] of scaled.entries()) expect(score).toBeCloseTo(plain[i], 10);
  });
});
