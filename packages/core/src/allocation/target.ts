import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { laneWidth, type Ratios, roundWidth, type Widths } from '../plan/widths.js';
import type { Plugin } from '../plugin/plugin.js';
import { budgetWidths, type CostBudget, type EvenOptions } from './budget.js';
import type { LatencyBudget } from './latency.js';
import { presetWidths } from './presets.js';
import { ratioWidths } from './ratioWidths.js';

/** What the result may be: exactly one of these, where budget and latency count as one. */
export interface Target {
  /** A published architecture: `snp-deit-tiny`, `snp-deit-small`, `snp-deit-small-1.3g`, `snp-deit-base`. */
  preset?: string | undefined;
  /** Fractions of units to remove, by kind or by group. */
  ratios?: Ratios | undefined;
  /** Cost that may be left. */
  budget?: CostBudget | undefined;
  /** What the budget counts: the whole model, or its Transformer blocks alone (`body`), without what lies in front of them and behind, as embedding and head. Default `all`. */
  count?: 'all' | 'body' | undefined;
  /** Latency that may be left, alone or beside `budget`: the plan is checked by measuring, and corrected until it holds. */
  latency?: LatencyBudget | undefined;
}

/** Throws `invalid-argument` unless exactly one target is given, or none where plug-ins say what to remove. */
export function checkTarget({ preset, ratios, budget, count, latency }: Target, plugins: readonly Plugin[] = []): void {
  if (count !== undefined && !budget)
    throw new SnpError('invalid-argument', "'count' says what a budget counts, but there is none.");
  const given = Object.entries({ preset, ratios, budget: budget ?? latency }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length === 1) return;
  if (given.length === 0 && plugins.some((plugin) => Object.keys(plugin.ratios ?? {}).length > 0)) return;
  const names = given.map(([name]) => name).join(' and ');
  throw new SnpError(
    'invalid-argument',
    given.length === 0
      ? 'Nothing says how small the model should become. Give one of: preset, budget (macs or params), latency, ratios.'
      : `${names} contradict each other. Give one of: preset, budget (macs or params), latency, ratios.`,
  );
}

/** The widths that the target asks for; groups that stay whole are not in it. */
export function targetWidths(analysis: Analysis, target: Target & EvenOptions): Widths {
  const round = target.round ?? 1;
  if (!Number.isInteger(round) || round < 1) {
    throw new SnpError(
      'invalid-argument',
      `The multiple to round widths to must be a whole number from 1, but is ${round}.`,
    );
  }
  if (target.preset !== undefined) {
    const widths = presetWidths(target.preset, analysis);
    const groups = new Map(analysis.groups.map((group) => [group.id, group]));
    return Object.fromEntries(
      Object.entries(widths).map(([id, width]) => {
        const group = groups.get(id);
        return [id, group ? roundWidth(width, laneWidth(group), round) : width];
      }),
    );
  }
  if (target.ratios) return ratioWidths(target.ratios, analysis, { round });
  return budgetWidths(analysis, target.budget ?? {}, { round, fixed: target.fixed });
}
