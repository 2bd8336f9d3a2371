/** One measured point: how much the model's answers change when one group alone becomes narrower, after compensation. */
export interface SensitivityPoint {
  /** Units per head that stay. */
  width: number;
  /** Mean Kullback-Leibler divergence of the answers from the original's, in nats. */
  divergence: number;
}

/** How sensitive the model's answers are to the width of each group: measured points by group, wider first. */
export type Sensitivity = Readonly<Record<string, readonly SensitivityPoint[]>>;
