import type { Analysis, Group } from '@snp/graph';
import { costOf, type ModelCost } from '@snp/onnx';
import type { Fidelity } from '../evaluate/fidelity.js';
import type { LatencyOutcome } from '../pipeline/meetLatency.js';
import { type Plan, removedUnits } from '../plan/plan.js';
import type { RecoveryKind, RecoveryOutcomes } from '../recovery/recovery.js';
import { costPerBlock, wholeCost } from './costReport.js';
import { slicesOfGroup } from './removedSlices.js';
import type { GroupReport, Planning, PruneReport } from './report.js';

interface Findings {
  name: string;
  criterion: string;
  budget: string;
  recovery: RecoveryKind;
  outcomes: RecoveryOutcomes | undefined;
  fidelity: Fidelity | undefined;
  planning: Planning | undefined;
  latency: LatencyOutcome | undefined;
  before: Analysis;
  after: Analysis;
  plan: Plan;
  scores: ReadonlyMap<string, Float64Array>;
  samples: number;
  skipped: readonly { name: string; reason: string }[];
  warnings: readonly string[];
  seconds: Record<string, number>;
  originalCost: ModelCost;
}

/** Puts together what happened to a model. */
export function makeReport(findings: Findings): PruneReport {
  const { before, after, plan } = findings;
  return {
    format: 'snp-report',
    version: 1,
    model: findings.name,
    criterion: findings.criterion,
    recovery: findings.recovery,
    budget: findings.budget,
    calibration: { samples: findings.samples, skipped: [...findings.skipped] },
    ...(findings.fidelity && { fidelity: findings.fidelity }),
    ...(findings.planning && { planning: findings.planning }),
    ...(findings.latency && { latency: findings.latency }),
    cost: { before: wholeCost(findings.originalCost), after: wholeCost(costOf(after.model, { shapes: after.shapes })) },
    blocks: costPerBlock(before, after),
    groups: before.groups.map((group) => groupReport(group, plan, findings)),
    frozen: before.frozen.map(({ kind, units, members, reason }) => ({
      ...(kind && { kind }),
      units,
      initializers: members.map(({ initializer, axis }) => `${initializer.name} (axis ${axis})`),
      ...(reason.node !== undefined && { node: reason.node }),
      ...(reason.operator !== undefined && { operator: reason.operator }),
      reason: reason.reason,
    })),
    warnings: [...findings.warnings],
    seconds: findings.seconds,
    plan,
  };
}

function groupReport(group: Group, plan: Plan, findings: Findings): GroupReport {
  const scores = findings.scores.get(group.id);
  const outcome = findings.outcomes?.get(group.id);
  const removed = removedUnits(plan, group);
  const report: GroupReport = {
    id: group.id,
    kind: group.kind,
    before: group.units / group.lanes,
    after: (group.units - removed.length) / group.lanes,
    lanes: group.lanes,
    removed,
    members: slicesOfGroup(plan, group),
  };
  if (group.block !== undefined) report.block = group.block;
  if (outcome !== undefined) report.recovery = outcome;
  if (scores) report.scores = [...scores];
  return report;
}
