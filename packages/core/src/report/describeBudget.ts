import type { Target } from '../pipeline/target.js';

/** How the widths were chosen, in words. */
export function describeBudget({ preset, ratios, budget, latency }: Target): string {
  if (preset !== undefined) return `preset ${preset}`;
  if (ratios)
    return Object.entries(ratios)
      .map(([name, ratio]) => `${percent(ratio)} of ${name} removed`)
      .join(', ');
  const limits = latency
    ? [`${'ms' in latency ? `${latency.ms} ms` : `${percent(latency.share)} of the latency`} on ${latency.on.name}`]
    : [];
  if (budget || latency)
    return Object.entries(budget ?? {})
      .filter(([, limit]) => limit !== undefined)
      .map(([name, limit]) => `${limit <= 1 ? percent(limit) : limit} of ${NAMES[name] ?? name}`)
      .concat(limits)
      .join(', ');
  return 'a given plan';
}

const NAMES: Record<string, string> = { macs: 'the MACs', params: 'the parameters', bytes: 'the bytes' };

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}
