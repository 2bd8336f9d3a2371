import { score } from '@snp/pages';
import { useState } from 'preact/hooks';
import type { Group } from '../../api/types.js';
import { unitsByLane } from './planEdits.js';

interface UnitGridProps {
  group: Group;
  kept: ReadonlySet<number>;
  scores: readonly number[] | undefined;
  onToggle: (unit: number) => void;
}

const MOVES: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

/** Every unit as a switch, a row per head. One of them can be reached by the tab key, the others from there by arrows. */
export function UnitGrid({ group, kept, scores, onToggle }: UnitGridProps) {
  const [current, setCurrent] = useState(0);
  const lanes = unitsByLane(group);
  const order = lanes.flat();
  const move = (event: KeyboardEvent) => {
    const at = order.indexOf(current);
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? order.length - 1
          : event.key in MOVES
            ? at + MOVES[event.key]
            : event.key === 'ArrowDown'
              ? at + lanes[0].length
              : event.key === 'ArrowUp'
                ? at - lanes[0].length
                : undefined;
    if (next === undefined || order[next] === undefined) return;
    event.preventDefault();
    setCurrent(order[next]);
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-unit="${order[next]}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows move between the buttons in it
    <div class="stack" onKeyDown={move}>
      {lanes.map((units, lane) => (
        <fieldset key={lane}>
          <legend class="small quiet">
            {group.lanes > 1 ? `Head ${lane}` : 'Units'}: {units.filter((unit) => kept.has(unit)).length} of{' '}
            {units.length}
          </legend>
          <div class={`units is-${group.kind}`}>
            {units.map((unit) => {
              const words = `Unit ${unit}${scores ? `, score ${score(scores[unit])}` : ''}`;
              return (
                <button
                  key={unit}
                  type="button"
                  data-unit={unit}
                  title={words}
                  aria-label={words}
                  aria-pressed={kept.has(unit)}
                  tabIndex={unit === current ? 0 : -1}
                  onFocus={() => setCurrent(unit)}
                  onClick={() => onToggle(unit)}
                />
              );
            })}
          </div>
        </fieldset>
      ))}
    </div>
  );
}
