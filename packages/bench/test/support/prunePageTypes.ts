import type { Plan, PruneReport } from '@snp/core';
import type { Target } from '@snp/core/stages';

/** What the page of prunePage.ts can do with the model that its server hands out. */
export interface PrunePage {
  /** Prunes it and posts the bytes of the result. */
  prune(
    options: Pick<Target, 'ratios' | 'budget'> & { criterion: string },
  ): Promise<{ plan: Plan; cost: PruneReport['cost'] }>;
  /** Posts the bytes of the model, decoded and encoded; returns its INT64 constants. */
  rewrite(): Promise<string[][]>;
  /** What happens to who gives a path. */
  pruneFile(path: string): Promise<{ code: string; message: string }>;
}
