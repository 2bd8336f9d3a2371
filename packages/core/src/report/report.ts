import type { GroupKind } from '@snp/graph';
import type { Planning } from '../allocation/allocation.js';
import type { LatencyOutcome } from '../allocation/meetLatency.js';
import type { CompensationKind } from '../compensation/methods.js';
import type { Fidelity } from '../evaluate/fidelity.js';
import type { Continuation } from '../generate/compareContinuations.js';
import type { Plan } from '../plan/plan.js';
import type { RemovedSlice } from '../plan/removedSlices.js';
import type { Verification } from '../verify/proof.js';
import type { TuningReport } from './tuningReport.js';

/** What happened to one group. */
export interface GroupReport {
  id: string;
  kind: GroupKind;
  block?: number;
  /** Units per head (lane) before and after, and the number of heads. */
  before: number;
  after: number;
  lanes: number;
  /** Heads (lanes) that are left, where some left whole. */
  lanesAfter?: number;
  /** Id of the branch that the group left with. */
  leftWith?: string;
  /** Score of every unit, lowest left first; absent where the plan was given or nothing left the group. */
  scores?: number[];
  /** With compensation: `done`, or why nothing could make up for what left the group. */
  compensation?: string;
  /** Removed units, ascending. */
  removed: number[];
  members: RemovedSlice[];
}

/** What a part of the model costs. */
export interface CostReport {
  /** Multiply-accumulate operations of one run at batch 1. */
  macs: number;
  params: number;
  /** Bytes of the weights. */
  bytes: number;
}

/** What a budget allowed of one cost, and what came of it. */
export interface LimitReport {
  limit: number;
  left: number;
  /** False where the budget is met only in part. */
  met: boolean;
}

/** The new form of an input or output of the model; free dimensions by their names. */
export interface NewForm {
  name: string;
  role: 'input' | 'output';
  before: (number | string)[];
  after: (number | string)[];
}

/** The whole of a pruning, for people (report.html), for third parties who want to repeat it, and for programs. */
export interface PruneReport {
  format: 'snp-report';
  version: 2;
  model: string;
  criterion: string;
  compensation: CompensationKind;
  /** What was asked for, in words: `preset snp-deit-tiny`, `50 % of the MACs`, `ratio ffn=0.5`. */
  budget: string;
  /** What a budget allowed and what is left, by what it limits; absent without one. */
  limits?: Partial<Record<keyof CostReport, LimitReport>>;
  /** Units that left, by kind of group. Empty where nothing did. */
  removed: Partial<Record<GroupKind, number>>;
  /** Calibration samples that were used, and those that were skipped with the reason. */
  calibration: { samples: number; skipped: { name: string; reason: string }[] };
  /** How alike the models answer calibration samples that were held back; absent where none were. */
  fidelity?: Fidelity;
  /** Of a language model: what both models write behind the begin of held-back texts; absent where there are none. */
  continuations?: Continuation[];
  /** Absent where no budget was divided by a planner. */
  planning?: Planning;
  /** Absent where latency was no budget. */
  latency?: LatencyOutcome;
  /** Absent where the pruned model was not trained. */
  tuning?: TuningReport;
  cost: { before: CostReport; after: CostReport };
  /** Cost per Transformer block, and of everything outside of blocks (`block` absent). */
  blocks: { block?: number; heads?: number; before: CostReport; after: CostReport }[];
  groups: GroupReport[];
  frozen: {
    kind?: GroupKind;
    units: number;
    initializers: string[];
    node?: string;
    operator?: string;
    reason: string;
  }[];
  /** Inputs and outputs of the model that have become narrower, past keys and values, with their shapes; absent where all keep their form. */
  forms?: NewForm[];
  /** The proof that the model equals the masked original; false where none was asked for. */
  verified: Verification | false;
  warnings: string[];
  /** Seconds each step took. */
  seconds: Record<string, number>;
  plan: Plan;
}
