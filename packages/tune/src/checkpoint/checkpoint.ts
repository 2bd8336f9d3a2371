import type { Figures, FiguresAt } from '../figures.js';
import type { LossKind } from '../graph/lossKind.js';

/** What a run is told by: another run's checkpoint is not gone on from. */
export interface RunIdentity {
  epochs: number | undefined;
  time: number | undefined;
  rate: number | undefined;
  batchSize: number;
  parts: number;
  augment: boolean;
  seed: number;
  heldBack: number | undefined;
  temperature: number;
  weightDecay: number;
  clip: number;
  labels: number;
  losses: Readonly<Record<string, LossKind>>;
  /** A hash of all samples. */
  samples: string;
}

/** Where a run is, but for its weights. */
export interface RunProgress {
  /** Figures of the student. */
  before: Figures;
  /** Learning rate at its highest, and those that were tried for it. */
  rate: number;
  tried: readonly { rate: number; loss: number }[];
  /** Steps that were taken, and seconds that these took. */
  taken: number;
  stepSeconds: number;
  /** Milliseconds of all of it so far, and those before its first step. */
  elapsed: number;
  began: number;
  history: readonly FiguresAt[];
  /** Figures of the state that is kept; undefined where there is none yet. */
  best: FiguresAt | undefined;
  /** Losses of all held-back samples where their mean was least, and the last step that was no worse than that by more than chance. */
  least: readonly number[];
  good: number;
}

/**
 * The state of a training between two steps: `tune` goes on from it (`resume`) to the same result as without a break. It can be kept wherever structured data can: in a file with
 * `saveCheckpoint`, or in a browser's database.
 */
export interface Checkpoint {
  readonly run: RunIdentity;
  readonly progress: RunProgress;
  /** `weight/NAME`, `first/NAME`, `second/NAME` (moments of AdamW), `average/NAME`, and `best/NAME` where there is a best state. */
  readonly numbers: ReadonlyMap<string, Float32Array>;
}
