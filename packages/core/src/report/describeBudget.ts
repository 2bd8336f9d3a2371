import type { Target } from '../pipeline/target.js';

/** How the widths were chosen, in words. */
export function describeBudget({ preset, ratios, budget }: Target): string {
  if (preset !== undefined) return `preset ${preset}`;
  if (ratios)
    return Object.entries(ratios)
      .map(([name, ratio]) => `${percent(ratio)} of ${name} removed`)
      .join(', ');
  if (budget)
    return Object.entries(budget)
      .filter(([, limit]) => limit !== undefined)
      .map(([name, limit]) => `${limit <= 1 ? percent(limit) : limit} of ${NAMES[name] ?? name}`)
      .join(', ');
  return 'a given plan';
}

const NAMES: Record<string, string> = { macs: 'the MACs', params: 'the parameters', bytes: 'the bytes' };

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}
