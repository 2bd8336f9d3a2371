/** One point: how much the model's answers change when one group alone becomes narrower, after compensation. */
export interface SensitivityPoint {
  /** Units per head that stay. */
  width: number;
  /** Mean Kullback-Leibler divergence of the answers from the original's, in nats. */
  divergence: number;
  /** Whether that was estimated by gradients; else it was measured by running the model. */
  estimated?: boolean | undefined;
  /** What the other way says, where both were gone: running the model of what was estimated, gradients of what was measured. */
  crossCheck?: number | undefined;
}

/** How sensitive the model's answers are to the width of each group: points by group, wider first. */
export type Sensitivity = Readonly<Record<string, readonly SensitivityPoint[]>>;
