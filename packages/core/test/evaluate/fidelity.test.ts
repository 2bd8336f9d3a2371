import { answerOutputs } from '@snp/runtime';
import { random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { FidelityMeter, type ScoreFidelity } from '../../src/evaluate/fidelity.js';

/** By the textbook. */
function naiveDivergence(a: readonly number[], b: readonly number[]): number {
  const soft = (values: readonly number[]) => {
    const sum = values.reduce((total, value) => total + Math.exp(value), 0);
    return values.map((value) => Math.exp(value) / sum);
  };
  const [p, q] = [soft(a), soft(b)];
  return p.reduce((sum, own, at) => sum + own * Math.log(own / q[at]), 0);
}

describe('fidelity', () => {
  const draw = random(3);
  const SAMPLES = 60;
  const WIDTH = 5;
  /** Samples of different length, whose answers have much in common. */
  const samples = Array.from({ length: SAMPLES }, () => {
    const noise = Math.abs(draw.normal());
    return Array.from({ length: 2 + Math.floor(9 * Math.abs(Math.sin(noise * 100))) }, () => {
      const a = Array.from({ length: WIDTH }, () => draw.normal());
      return { a, b: a.map((score) => score + noise * draw.normal()) };
    });
  });
  const meter = new FidelityMeter();
  for (let at = 0; at < SAMPLES; at += 4) {
    const batch = samples.slice(at, at + 4);
    meter.begin(batch.length);
    for (const [sample, rows] of batch.entries()) for (const { a, b } of rows) meter.add(a, b, sample);
  }
  const result = meter.result as ScoreFidelity;
  const rows = samples.flat();
  const top = (values: readonly number[]) => values.indexOf(Math.max(...values));

  it('counts every answer alike', () => {
    expect([result.samples, result.answers]).toEqual([SAMPLES, rows.length]);
    const divergence = rows.reduce((sum, { a, b }) => sum + naiveDivergence(a, b), 0) / rows.length;
    expect(Math.abs(result.divergence / divergence - 1)).toBeLessThan(1e-12);
    expect(result.agreement).toBeCloseTo(rows.filter(({ a, b }) => top(a) === top(b)).length / rows.length, 12);
  });

  it('has intervals that follow from how samples differ, not answers', () => {
    // Standard error of a ratio of sums over samples (Cochran, Sampling Techniques, 6.13).
    const sums = samples.map((own) => own.reduce((sum, { a, b }) => sum + naiveDivergence(a, b), 0));
    const residuals = sums.map((sum, at) => sum - result.divergence * samples[at].length);
    const error = Math.sqrt(residuals.reduce((sum, x) => sum + x * x, 0)) / rows.length;
    const { low, high } = result.interval!.divergence;
    expect((high - low) / (2 * 1.96 * error)).toBeGreaterThan(0.8);
    expect((high - low) / (2 * 1.96 * error)).toBeLessThan(1.2);
    expect(low).toBeLessThan(result.divergence);
    expect(high).toBeGreaterThan(result.divergence);
    const { low: least, high: most } = result.interval!.agreement;
    expect(least).toBeLessThanOrEqual(result.agreement);
    expect(most).toBeGreaterThanOrEqual(result.agreement);
  });

  it('has none for few samples, takes scores that are ruled out, and hides no NaN', () => {
    const few = new FidelityMeter();
    few.begin(1);
    few.add([0, Number.NEGATIVE_INFINITY, 1], [0, Number.NEGATIVE_INFINITY, 1], 0);
    expect(few.result).toMatchObject({ divergence: 0, agreement: 1, difference: 0 });
    expect(few.result.interval).toBeUndefined();
    few.begin(1);
    few.add([0, 1], [Number.NaN, 1], 0);
    expect(few.result.divergence).toBeNaN();
  });
});

describe('outputs', () => {
  const outputs = (...names: string[]) => names.map((name) => ({ name, type: 'FLOAT' }));
  it.each([
    ['scores', ['logits'], ['logits', 'present.0.key', 'last_hidden_state']],
    ['scores', ['start_logits', 'end_logits'], ['start_logits', 'end_logits']],
    ['scores', ['y'], ['y']],
    ['scores', ['feature_scores'], ['feature_scores']],
    ['embeddings', ['last_hidden_state', 'pooler_output'], ['last_hidden_state', 'pooler_output']],
    ['embeddings', ['token_embeddings', 'sentence_embedding'], ['token_embeddings', 'sentence_embedding']],
    [
      'embeddings',
      ['text_embeds', 'image_embeds'],
      ['logits_per_image', 'logits_per_text', 'text_embeds', 'image_embeds'],
    ],
    ['scores', ['logits_per_text'], ['logits_per_text']],
    ['scores', ['present.0.key'], ['present.0.key']],
  ] as const)('are %s: %s', (kind, names, all) => {
    expect(answerOutputs(outputs(...all))).toEqual({ kind, names });
  });

  it('are what they are said to be', () => {
    expect(answerOutputs(outputs('y', 'features'), 'embeddings')).toEqual({
      kind: 'embeddings',
      names: ['y', 'features'],
    });
  });
});
