import type { Model } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import type { FiguresAt } from './figures.js';
import { settingsOf, type TuneOptions } from './options.js';
import type { TuneResult } from './result.js';
import { tune } from './tune.js';

/** Options of `tuner`: those of `tune` that do not say on what. */
export type TunerOptions = Omit<
  TuneOptions,
  'teacher' | 'data' | 'validation' | 'signal' | 'onProgress' | 'losses' | 'resume' | 'onCheckpoint' | 'checkpointEvery'
>;

/** What `tuner` makes. */
export interface PruneTuner {
  /** The settings, as plain JSON: a plan keeps them. */
  readonly recipe: Readonly<Record<string, number | string | boolean>>;
  tune(
    pruned: Model,
    options: {
      teacher: Model;
      data: Calibration;
      validation: Calibration | undefined;
      signal: AbortSignal | undefined;
      onProgress: (done: number, total: number | undefined) => void;
    },
  ): Promise<TunerResult>;
}

/** What came of it: `TuneResult` as far as reports tell it. */
export interface TunerResult extends Pick<TuneResult, 'model' | 'before' | 'after' | 'steps' | 'samples' | 'rate'> {
  better: boolean;
  epochs: number;
  history: readonly Omit<FiguresAt, 'of' | 'step'>[];
}

/**
 * `tune` as the last stage of a pruning: for the option `tune` of `prune` and `apply` of `@snp/core`.
 *
 * @param options A plan's `tuning` does, too: the same training then follows as when the plan was made.
 * @throws SnpError `invalid-argument` for an unknown option.
 * @example
 * const result = await prune('vit.onnx', { calibration, budget: { macs: 0.5 }, tune: tuner({ time: 20 * 60_000 }) });
 * console.log(result.report.tuning);
 */
export function tuner(options: TunerOptions = {}): PruneTuner {
  const { runtime: _, enough: __, onFigures: ___, ...given } = options;
  // Checked before long work.
  settingsOf({ ...options, teacher: '', data: NO_DATA });
  const settings = Object.entries(given).filter(([, value]) => value !== undefined);
  return {
    recipe: Object.fromEntries(settings) as Record<string, number | boolean>,
    async tune(pruned, { teacher, data, validation, signal, onProgress }) {
      const result = await tune(pruned, {
        ...options,
        teacher,
        data,
        validation: options.heldBack === undefined ? validation : undefined,
        signal,
        onProgress: ({ step, done, total }) => onProgress(step === 'train' ? done : 0, total),
      });
      const { model, before, after, steps, stepsPerEpoch, samples, rate, history } = result;
      return {
        ...{ model, before, after, steps, samples, rate },
        better: model !== undefined,
        epochs: steps / stepsPerEpoch,
        history: history.map(({ of: _, step: __, ...figures }) => figures),
      };
    },
  };
}

const NO_DATA: Calibration = { count: 0, skipped: [], async *samples() {} };
