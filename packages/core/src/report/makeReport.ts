import type { Analysis, Group } from '@snp/graph';
import { costOf, type ModelCost } from '@snp/onnx';
import type { Planning } from '../allocation/allocation.js';
import type { CostBudget } from '../allocation/budget.js';
import type { LatencyOutcome } from '../allocation/meetLatency.js';
import type { CompensationOutcomes } from '../compensation/compensate.js';
import type { CompensationKind } from '../compensation/methods.js';
import type { Fidelity } from '../evaluate/fidelity.js';
import type { Continuation } from '../generate/compareContinuations.js';
import { type Plan, removedUnits } from '../plan/plan.js';
import { slicesOfGroup } from '../plan/removedSlices.js';
import type { Verification } from '../verify/proof.js';
import { budgetOutcome, unmetLimits } from './budgetOutcome.js';
import { costPerBlock, wholeCost } from './costReport.js';
import { newForms } from './newForms.js';
import type { GroupReport, PruneReport } from './report.js';
import type { TuningReport } from './tuningReport.js';

interface Findings {
  name: string;
  criterion: string;
  budget: string;
  limits: CostBudget | undefined;
  compensation: CompensationKind;
  outcomes: CompensationOutcomes | undefined;
  fidelity: Fidelity | undefined;
  continuations: Continuation[];
  planning: Planning | undefined;
  latency: LatencyOutcome | undefined;
  tuning: TuningReport | undefined;
  before: Analysis;
  after: Analysis;
  plan: Plan;
  scores: ReadonlyMap<string, Float64Array>;
  samples: number;
  skipped: readonly { name: string; reason: string }[];
  warnings: readonly string[];
  verification: Verification | undefined;
  seconds: Record<string, number>;
  originalCost: ModelCost;
}

/** Puts together what happened to a model. */
export function makeReport(findings: Findings): PruneReport {
  const { before, after, plan } = findings;
  const full = wholeCost(costOf(before.model, { shapes: before.shapes }));
  const cost = {
    // What a file's own shapes do not tell is counted once its constants are folded, as it is of the pruned model.
    before: { ...wholeCost(findings.originalCost), macs: full.macs },
    after: wholeCost(costOf(after.model, { shapes: after.shapes })),
  };
  const limits = budgetOutcome(findings.limits, full, cost.after);
  const groups = reported(before, plan).map((group) => groupReport(group, plan, findings));
  const removed = removedByKind(groups);
  const forms = newForms(before, after);
  const nothing = Object.keys(removed).length === 0 && findings.limits;
  return {
    format: 'snp-report',
    version: 2,
    model: findings.name,
    criterion: findings.criterion,
    compensation: findings.compensation,
    budget: findings.budget,
    ...(Object.keys(limits).length > 0 && { limits }),
    removed,
    calibration: { samples: findings.samples, skipped: [...findings.skipped] },
    ...(findings.fidelity && { fidelity: findings.fidelity }),
    ...(findings.continuations.length > 0 && { continuations: findings.continuations }),
    ...(findings.planning && { planning: findings.planning }),
    ...(findings.latency && { latency: findings.latency }),
    ...(findings.tuning && { tuning: findings.tuning }),
    cost,
    blocks: costPerBlock(before, after),
    groups,
    frozen: before.frozen.map(({ kind, units, members, reason }) => ({
      ...(kind && { kind }),
      units,
      initializers: members.map(({ initializer, axis }) => `${initializer.name} (axis ${axis})`),
      ...(reason.node !== undefined && { node: reason.node }),
      ...(reason.operator !== undefined && { operator: reason.operator }),
      reason: reason.reason,
    })),
    ...(forms.length > 0 && { forms }),
    verified: findings.verification ?? false,
    warnings: [
      ...findings.warnings,
      ...notBetter(findings),
      ...unmetLimits(limits, full),
      ...(nothing ? [MEETS_ALREADY] : []),
    ],
    seconds: findings.seconds,
    plan,
  };
}

/** What training made better for the samples that chose it only. */
function notBetter({ tuning, fidelity }: Findings): string[] {
  const [before, after] = [tuning?.fidelityBefore?.divergence, fidelity?.divergence];
  if (before === undefined || after === undefined || after <= before) return [];
  return [
    `Training made the answers no better on held-back samples that chose nothing (divergence ${before.toPrecision(3)} before it, ${after.toPrecision(3)} after it): give it more samples, or leave it out.`,
  ];
}

const MEETS_ALREADY = 'Nothing was removed: the model meets the budget as it is.';

function removedByKind(groups: readonly GroupReport[]): PruneReport['removed'] {
  const removed: PruneReport['removed'] = {};
  for (const { kind, removed: units } of groups)
    if (units.length > 0) removed[kind] = (removed[kind] ?? 0) + units.length;
  return removed;
}

/** All groups of neurons, and those heads and branches of which something leaves. */
function reported(analysis: Analysis, plan: Plan): Group[] {
  const beyond = [...analysis.heads, ...analysis.branches].filter((group) => removedUnits(plan, group).length > 0);
  return [...analysis.groups, ...beyond];
}

function groupReport(group: Group, plan: Plan, findings: Findings): GroupReport {
  const scores = findings.scores.get(group.id);
  const outcome = findings.outcomes?.get(group.id);
  const leftWith = findings.before.branches.find(
    (branch) => removedUnits(plan, branch).length > 0 && branch.groups.some(({ id }) => id === group.id),
  );
  const removed = leftWith ? Array.from({ length: group.units }, (_, unit) => unit) : removedUnits(plan, group);
  const gone = new Set(removed);
  const lanes = new Set(group.laneOf.filter((_, unit) => !gone.has(unit))).size;
  const report: GroupReport = {
    id: group.id,
    kind: group.kind,
    before: group.units / group.lanes,
    after: lanes === 0 ? 0 : (group.units - removed.length) / lanes,
    lanes: group.lanes,
    removed,
    members: slicesOfGroup(plan, group),
  };
  if (lanes < group.lanes) report.lanesAfter = lanes;
  if (leftWith) report.leftWith = leftWith.id;
  if (group.block !== undefined) report.block = group.block;
  if (outcome !== undefined) report.compensation = outcome;
  if (scores) report.scores = [...scores];
  return report;
}
