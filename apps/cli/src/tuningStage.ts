import type { OnProgress, Tuner } from '@snp/core';
import { type TunerOptions, tuner } from '@snp/tune';
import { interruption } from './interruption.js';
import type { ProgressBar } from './output/progress.js';
import { figuresLine } from './output/tuned.js';

/** Training as the last stage of a pruning. */
export interface TuningStage {
  readonly tune: Tuner | undefined;
  readonly onProgress: OnProgress;
  /** How the command ends where Ctrl-C ended the training: what was found by then is written. */
  readonly exitCode: number | undefined;
}

/** @param options How it trains; undefined: not at all. */
export function tuningStage(options: TunerOptions | undefined, bar: ProgressBar): TuningStage {
  if (!options) return { tune: undefined, onProgress: bar.onProgress, exitCode: undefined };
  let trains = false;
  const interrupted = interruption(() => trains);
  return {
    tune: tuner({
      ...options,
      enough: interrupted.signal,
      onFigures: (figures) => bar.note(figuresLine(figures)),
    }),
    onProgress: (progress) => {
      trains = progress.step === 'tune' && progress.done > 0;
      bar.onProgress({
        ...progress,
        done: Math.round(progress.done),
        total: progress.total && Math.round(progress.total),
      });
    },
    get exitCode() {
      return interrupted.exitCode;
    },
  };
}

/** How a plan that was read says that its model is trained; undefined: not at all. */
export function tuningIn(plan: unknown): TunerOptions | undefined {
  return (plan as { tuning?: TunerOptions } | undefined)?.tuning;
}
