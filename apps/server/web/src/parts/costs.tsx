import { bytes, count, saving } from '@snp/pages';
import type { ComponentChildren } from 'preact';
import type { Cost } from '../api/types.js';

interface Figure {
  name: string;
  value: ComponentChildren;
  note?: ComponentChildren;
  /** The note is good news. */
  gain?: boolean;
}

/** Numbers that matter most, side by side. */
export function Totals({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl class="totals">
      {figures.map(({ name, value, note, gain }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note !== undefined && <span class={gain ? 'gain' : undefined}>{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const MEASURES: readonly (readonly [keyof Cost, string, (value: number) => string])[] = [
  ['macs', 'MACs', count],
  ['params', 'Parameters', count],
  ['bytes', 'Weights', bytes],
];

/** What a model costs. */
export function costFigures(cost: Cost): Figure[] {
  return MEASURES.map(([key, name, format]) => ({ name, value: format(cost[key]) }));
}

/** What it costs before and after. */
export function savingFigures(before: Cost, after: Cost): Figure[] {
  return MEASURES.map(([key, name, format]) => ({
    name,
    value: format(after[key]),
    note: `${saving(before[key], after[key])} of ${format(before[key])}`,
    gain: after[key] < before[key],
  }));
}
