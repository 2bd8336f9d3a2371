/** How far a student is from its teacher on samples that it is not trained on. */
export interface Figures {
  /** The loss that is trained: in nats for scores. */
  loss: number;
  /** The share of rows of scores with the same highest one; undefined where nothing is scores. */
  agreement: number | undefined;
  /** The share of samples whose label has the highest score; absent where labels are not looked at. */
  accuracy?: number | undefined;
}

/** Figures with what they are means of. */
export interface MeasuredFigures extends Figures {
  /** The loss of each sample: its share of each answer counts alike. */
  bySample: Float64Array;
}

/** Figures on held-back samples in the course of training. */
export interface FiguresAt extends Figures {
  /** Steps and epochs that were trained. */
  step: number;
  epoch: number;
  /** Seconds since training began. */
  seconds: number;
  /** Which weights these figures are of: those after the last step, or their moving average. */
  of: 'weights' | 'average';
}
