/** The steps of a pruning, in order. */
export type Step =
  | 'read'
  | 'analyze'
  | 'calibrate'
  | 'solve'
  | 'gradients'
  | 'probe'
  | 'profile'
  | 'measure'
  | 'plan'
  | 'try'
  | 'score'
  | 'recover'
  | 'apply'
  | 'reconstruct'
  | 'match'
  | 'tune'
  | 'compare'
  | 'verify'
  | 'write';

/** How far a step is. `total` is undefined where it cannot be known before the end. */
export interface Progress {
  step: Step;
  done: number;
  total: number | undefined;
}

/** Called often; must return quickly. */
export type OnProgress = (progress: Progress) => void;
