import { SnpError } from '@snp/onnx';
import { type SpeedUp, speedUp } from '../statistics/speedUp.js';
import type { BenchResult, MeasuredModel } from './schema.js';

/** What became of one model between two results. */
export interface ModelChange {
  name: string;
  /** Old time over new: above 1 where it became faster. */
  speedUp: SpeedUp;
  verdict: 'faster' | 'slower' | 'same';
}

/** Two results beside each other. */
export interface ResultComparison {
  models: ModelChange[];
  /** Models that only one of the results has measured. */
  missing: string[];
  /** Why the comparison may not hold. */
  warnings: string[];
  /** The worst verdict. */
  verdict: 'faster' | 'slower' | 'same';
}

/** Options of `compareResults`. */
export interface CompareResultsOptions {
  /** Smallest change that counts, as a share. Default 0.05. */
  tolerance?: number | undefined;
}

/** Changes up to this share do not count. */
export const COMPARE_TOLERANCE = 0.05;

/**
 * Compares a new result with an old one, model by model: a change counts if it is larger than `tolerance` and its interval
 * leaves 1 out. Where both results measured the same reference, put it first and compare speed-ups: absolute times of
 * different days drift.
 *
 * @throws SnpError `invalid-argument` if protocols go by different statistics, or no model is in both.
 */
export function compareResults(
  before: BenchResult,
  after: BenchResult,
  { tolerance = COMPARE_TOLERANCE }: CompareResultsOptions = {},
): ResultComparison {
  const { statistic } = before.protocol;
  if (statistic !== after.protocol.statistic)
    throw new SnpError(
      'invalid-argument',
      `The results go by different statistics, ${statistic} and ${after.protocol.statistic}: measure again with one protocol.`,
    );
  const [old, now] = [measuredOf(before), measuredOf(after)];
  const models = [...now].flatMap(([name, model]): ModelChange[] => {
    const earlier = old.get(name);
    if (!earlier) return [];
    const change = speedUp(earlier.blocks, model.blocks, statistic);
    const faster = change.low > 1 && change.ratio > 1 + tolerance;
    const slower = change.high < 1 && change.ratio < 1 / (1 + tolerance);
    return [{ name, speedUp: change, verdict: faster ? 'faster' : slower ? 'slower' : 'same' }];
  });
  if (models.length === 0)
    throw new SnpError(
      'invalid-argument',
      `No model is in both results: the old one has ${[...old.keys()].join(', ') || 'none'}, the new one ${[...now.keys()].join(', ') || 'none'}.`,
    );
  const missing = [...new Set([...old.keys(), ...now.keys()])].filter((name) => !old.has(name) || !now.has(name));
  const verdict = (['slower', 'faster'] as const).find((word) => models.some((model) => model.verdict === word));
  return { models, missing, warnings: differences(before, after), verdict: verdict ?? 'same' };
}

function measuredOf({ models }: BenchResult): Map<string, MeasuredModel> {
  return new Map(models.flatMap((model) => (model.state === 'measured' ? [[model.name, model]] : [])));
}

/** What else is different between two results, and may be the cause. */
function differences(before: BenchResult, after: BenchResult): string[] {
  const facts: readonly [string, (result: BenchResult) => string][] = [
    ['targets', ({ target }) => target.name],
    ['runtimes', ({ target }) => `${target.runtime} ${target.version}`],
    ['processors', ({ device }) => `${device.cores} x ${device.cpu}`],
    ['systems', ({ device }) => device.os],
    ['protocols', ({ protocol }) => protocol.name],
    ['inputs', ({ inputs }) => JSON.stringify(inputs)],
  ];
  return facts.flatMap(([what, of]) =>
    of(before) === of(after) ? [] : [`The ${what} differ: ${of(before)}, then ${of(after)}.`],
  );
}
