import type { Model } from '@snp/onnx';
import type { Figures, FiguresAt } from './figures.js';
import type { LossKind } from './graph/lossKind.js';

/** What `tune` found. */
export interface TuneResult {
  /** The tuned model; undefined where nothing was found that is better than the student on held-back samples. */
  model: Model | undefined;
  /** Figures on held-back samples: of the student, and of the tuned model, or of the student again. */
  before: Figures;
  after: Figures;
  /** All figures in the course of training. */
  history: readonly FiguresAt[];
  /** Learning rate at its highest, and the rates that were tried for it with the loss that they led to. */
  rate: number;
  tried: readonly { rate: number; loss: number }[];
  /** Steps that were taken, and how many are an epoch. */
  steps: number;
  stepsPerEpoch: number;
  batchSize: number;
  /** Parts of a batch, which run one after the other. */
  parts: number;
  /** Samples that were trained on, and that were held back. */
  samples: { trained: number; heldBack: number };
  skipped: readonly { name: string; reason: string }[];
  /** Weights that were trained, and numbers in them. */
  weights: number;
  parameters: number;
  augmented: boolean;
  /** The loss of each output. */
  losses: Readonly<Record<string, LossKind>>;
  /** The share of the loss that labels make up. */
  labels: number;
  /** Why training ended before its time: it was told to, held-back figures improved no longer, or the loss became infinite; undefined where it did not. */
  ended: 'enough' | 'no-better' | 'not-finite' | undefined;
  /** The step that it went on from; undefined: it began anew. */
  resumedAt: number | undefined;
  /** Seconds of all of it, also of what was before a break, and of a step. */
  seconds: number;
  secondsPerStep: number;
}
