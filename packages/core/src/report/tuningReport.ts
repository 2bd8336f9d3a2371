import type { Fidelity } from '../evaluate/fidelity.js';

/** How far a model is from its original, on samples of the calibration data that training did not see. */
export interface TuningFigures {
  loss: number;
  agreement?: number | undefined;
  accuracy?: number | undefined;
}

/** What a report says of a training. Its figures chose the state that was taken: `fidelity` is measured on samples that chose nothing. */
export interface TuningReport {
  before: TuningFigures;
  /** The same as `before` where nothing better was found. */
  after: TuningFigures;
  /** Whether something better was found, and taken. */
  better: boolean;
  steps: number;
  /** How often each sample was trained on. */
  epochs: number;
  /** Samples that were trained on, and that were looked at to choose. */
  samples: { trained: number; heldBack: number };
  /** Learning rate at its highest. */
  rate: number;
  /** How alike the pruned model answered, before it was trained, on the samples of the report's `fidelity`; absent where there is none, or nothing better was found. */
  fidelityBefore?: Fidelity | undefined;
  /** Figures in the course of training. */
  history: readonly (TuningFigures & { epoch: number; seconds: number })[];
}
