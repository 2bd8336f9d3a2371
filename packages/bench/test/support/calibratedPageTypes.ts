import type { Plan, PruneReport } from '@snp/core';
import type { Sensitivity } from '@snp/core/stages';
import type { Feeds } from '@snp/runtime';
import type { TuneOptions, TuneResult } from '@snp/tune';
import { drawn } from './gradientPageTypes.js';

/** What the page of calibratedPage.ts can do with the model that its server hands out, on pictures drawn from seeds. */
export interface CalibratedPage {
  /** What narrowing each group does to its answers, by gradients. */
  sensitivity(): Promise<Sensitivity>;
  /** Prunes it to a share of its MACs, with all stages and the proof, and posts the bytes of the result. */
  prune(macs: number): Promise<{ plan: Plan; report: Pick<PruneReport, 'verified' | 'cost' | 'calibration'> }>;
  /** Prunes it likewise, posts the bytes of that, and tunes it towards what it was. */
  tune(macs: number): Promise<Pick<TuneResult, 'before' | 'history'>>;
}

/** How it is tuned. */
export const TUNING = { epochs: 5, batchSize: 8, rate: 1e-3, heldBack: 1 / 3 } as const satisfies Partial<TuneOptions>;

/** Pictures that are the same wherever they are made. */
export function pictures(input: string, dims: readonly number[]): Feeds[] {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: 48 }, (_, seed) => ({
    [input]: { type: 'FLOAT', dims: [1, ...dims], data: drawn(size, seed) },
  }));
}
