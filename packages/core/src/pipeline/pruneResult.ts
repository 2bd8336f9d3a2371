import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import type { PrunedCompanion } from '../companions/companion.js';
import type { Plan } from '../plan/plan.js';
import type { PruneReport } from '../report/report.js';
import type { Planned } from './execute.js';
import type { Proven } from './proven.js';

/** A pruned model with all that led to it. */
export interface PruneResult {
  model: Model;
  /** The recipe of the model: `apply` makes it again. */
  plan: Plan;
  report: PruneReport;
  /** The original as it was analysed, for `verify`. */
  analysis: Analysis;
  /** The companions, in the order given. */
  companions: readonly PrunedCompanion[];
  /** Writes the model; an existing file is only replaced when the new one is complete. */
  write(path: string): Promise<void>;
}

/** What is handed out of a pruned model. */
export function resultOf({ model, plan, context, companions }: Proven<Planned>, report: PruneReport): PruneResult {
  return { model, plan, report, analysis: context.analysis, companions, write: (path) => writeModel(model, path) };
}
