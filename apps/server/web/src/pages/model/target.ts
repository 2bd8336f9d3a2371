import type { Analysis, Device, NewPruning, PredictionRequest } from '../../api/types.js';

/** Ways to say how small. */
export type TargetMode = 'macs' | 'params' | 'bytes' | 'latency' | 'ratios' | 'preset';

/** What the form holds; every mode keeps its own numbers. */
export interface TargetForm {
  mode: TargetMode;
  /** Percent that stays. */
  keep: number;
  /** Percent that leaves, by kind. */
  ratios: Record<string, number>;
  preset: string;
  device: string;
  target: string;
  unit: 'share' | 'ms';
  /** Percent of the original's latency. */
  latencyShare: number;
  milliseconds: number;
}

/** Where the form begins. */
export const TARGET_DEFAULTS: TargetForm = {
  mode: 'macs',
  keep: 60,
  ratios: {},
  preset: '',
  device: '',
  target: 'cpu',
  unit: 'share',
  latencyShare: 60,
  milliseconds: 10,
};

/** Kinds of groups that a model has. */
export function kindsOf({ groups }: Analysis): string[] {
  return [...new Set(groups.map(({ kind }) => kind))];
}

/** What can be predicted without measuring; undefined where it cannot, or where the form is not filled in. */
export function staticTarget(form: TargetForm): PredictionRequest['target'] | undefined {
  const { mode, keep, preset } = form;
  if (mode === 'preset') return preset ? { preset } : undefined;
  if (mode === 'ratios') return { ratios: ratiosOf(form) };
  if (mode === 'latency') return undefined;
  return { budget: { [mode]: keep / 100 } };
}

/** What a pruning is asked for. */
export function pruneTarget(form: TargetForm, devices: readonly Device[]): NewPruning['target'] | undefined {
  const { mode, device, target, unit, latencyShare, milliseconds } = form;
  if (mode !== 'latency') return staticTarget(form) as NewPruning['target'] | undefined;
  if (!devices.some(({ id }) => id === device)) return undefined;
  return {
    latency: { device, target, ...(unit === 'share' ? { share: latencyShare / 100 } : { ms: milliseconds }) },
  };
}

function ratiosOf({ ratios }: TargetForm): Record<string, number> {
  return Object.fromEntries(Object.entries(ratios).map(([kind, percent]) => [kind, percent / 100]));
}
