import type { Target } from '../allocation/target.js';
import type { Plugin } from '../plugin/plugin.js';

/** What was asked for, in words. */
export function describeBudget(
  { preset, ratios, budget, count, latency }: Target,
  plugins: readonly Plugin[] = [],
): string {
  if (preset !== undefined) return `preset ${preset}`;
  const fractions = Object.entries({ ...Object.assign({}, ...plugins.map((plugin) => plugin.ratios)), ...ratios });
  const asked = fractions.map(([name, ratio]) => `ratio ${name}=${ratio}`);
  if (ratios) return asked.join(', ');
  const limits = latency
    ? [`${'ms' in latency ? `${latency.ms} ms` : `${percent(latency.share)} of the latency`} on ${latency.on.name}`]
    : [];
  if (budget || latency)
    return Object.entries(budget ?? {})
      .filter(([, limit]) => limit !== undefined)
      .map(
        ([name, limit]) =>
          `${limit <= 1 ? percent(limit) : limit} of ${NAMES[name] ?? name}${count === 'body' ? ' of the blocks' : ''}`,
      )
      .concat(limits, asked)
      .join(', ');
  return asked.join(', ') || 'a given plan';
}

const NAMES: Record<string, string> = { macs: 'the MACs', params: 'the parameters', bytes: 'the bytes' };

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}
