import type { Analysis } from '@snp/core';
import { type LatencyModel, modelContent, type Widths } from '@snp/core/planning';
import { SnpError } from '@snp/onnx';
import { z } from 'zod';
import { FEATURES, type Padding, WorkModel } from './features.js';
import { nonNegativeLeastSquares } from './nonNegative.js';

/** Measurements of one model at several widths on one target, as they are stored. */
export const latencyTableSchema = z.object({
  format: z.literal('snp-latency'),
  version: z.literal(1),
  model: z.string().describe('hash of the model they belong to'),
  target: z.string(),
  date: z.string(),
  device: z.string(),
  inputs: z.object({ batch: z.number().int(), dims: z.record(z.string(), z.number()).optional() }),
  fullMs: z.number().describe('median milliseconds of the original'),
  samples: z.array(
    z.object({
      widths: z.record(z.string(), z.number()).describe('units per head that stay, by group; others are whole'),
      ratio: z.number().describe('latency over that of the original'),
    }),
  ),
});

/** Measurements of one model at several widths on one target. */
export type LatencyTable = z.infer<typeof latencyTableSchema>;

/** A latency model with what is known of its own errors. */
export interface FittedLatency extends LatencyModel {
  /** Relative errors at samples that had no part in the prediction, ascending. */
  readonly errors: readonly number[];
  readonly padding: Padding;
}

/** Multiples that kernels may pad to. */
const MULTIPLES = [4, 8, 16, 32] as const;
const FOLDS = 6;
/** Parts that projections fall into have none in the original: they count beside all rows. */
const ROWS = FEATURES.indexOf('rows');

/**
 * A model of latency from measurements: latency is a sum of amounts of work (products with weights, attention, norms, movements), each with a price
 * that is not negative; widths are padded to the multiples that explain the measurements best. What is left over at the samples
 * is not interpolated: it is noise.
 *
 * @throws SnpError `plan-mismatch` if the measurements belong to another model.
 */
export function fitLatency(analysis: Analysis, table: LatencyTable): FittedLatency {
  if (table.model !== modelContent(analysis.model))
    throw new SnpError('plan-mismatch', "The latency table belongs to another model. Make one with 'snp profile'.");
  let best: FittedLatency | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const weights of MULTIPLES) {
    for (const heads of MULTIPLES) {
      const fitted = fitWith(analysis, table, { weights, heads });
      const error = Math.hypot(...fitted.errors);
      // Of models that are about as good, the one that pads less.
      if (error < 0.97 * least) [best, least] = [fitted, error];
    }
  }
  return best!;
}

function fitWith(analysis: Analysis, { samples, inputs, fullMs }: LatencyTable, padding: Padding): FittedLatency {
  const work = new WorkModel(analysis, inputs, padding);
  const full = work.at({});
  // Work as shares of the original's, and one constant: loading inputs, starting kernels.
  const rowOf = (widths: Widths) => {
    const row = new Float64Array(FEATURES.length + 1);
    const amounts = work.at(widths);
    for (let at = 0; at < amounts.length; at++)
      row[at] = full[at] > 0 ? amounts[at] / full[at] : amounts[at] / full[ROWS];
    row[FEATURES.length] = 1;
    return row;
  };
  const rows = samples.map(({ widths }) => rowOf(widths));
  const fit = (chosen: readonly number[]) =>
    // Relative errors count.
    nonNegativeLeastSquares(
      chosen.map((at) => rows[at].map((value) => value / samples[at].ratio)),
      chosen.map(() => 1),
    );
  const all = samples.map((_, at) => at);
  const errors = Array.from({ length: FOLDS }, (_, fold) => {
    const prices = fit(all.filter((at) => at % FOLDS !== fold));
    return all.filter((at) => at % FOLDS === fold).map((at) => Math.abs(dot(rows[at], prices) / samples[at].ratio - 1));
  }).flat();
  const prices = fit(all);
  return { fullMs, padding, errors: errors.sort((a, b) => a - b), at: (widths) => dot(rowOf(widths), prices) };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at], 0);
}
