import { describe, expect, it } from 'vitest';
import type { Group } from '../../web/src/api/types.js';
import { beginning, changed, redone, sealed, undone } from '../../web/src/pages/model/history.js';
import { countsByLane, keptWidth, toggled, withWidth } from '../../web/src/pages/model/planEdits.js';
import { paretoFront } from '../../web/src/pages/results/paretoFront.js';

const group: Group = {
  id: 'blocks.0.value',
  kind: 'value',
  block: 0,
  units: 8,
  lanes: 2,
  width: 4,
  laneOf: [0, 1, 0, 1, 0, 1, 0, 1],
  members: [],
};
const scores = new Map([[group.id, [5, 1, 3, 8, 7, 2, 1, 6]]]);

describe('edits of a plan', () => {
  it('lets the worst units of each head leave', () => {
    // Head 0 has units 0, 2, 4, 6 with scores 5, 3, 7, 1; head 1 has 1, 3, 5, 7 with 1, 8, 2, 6.
    expect(withWidth(group, {}, 2, scores)).toEqual({ [group.id]: [0, 3, 4, 7] });
  });

  it('takes the best back first, and keeps what was chosen by hand', () => {
    const chosen = { [group.id]: [1, 6] };
    expect(withWidth(group, chosen, 2, scores)).toEqual({ [group.id]: [1, 3, 4, 6] });
  });

  it('forgets a group that is whole again', () => {
    expect(withWidth(group, { [group.id]: [0, 1] }, 4, scores)).toEqual({});
  });

  it('lets the last units leave where nothing is known of them', () => {
    expect(withWidth(group, {}, 1, new Map())).toEqual({ [group.id]: [0, 1] });
  });

  it('fills heads that differ up to the fullest', () => {
    const uneven = toggled(group, withWidth(group, {}, 2, scores), 7);
    expect(countsByLane(group, uneven[group.id])).toEqual([2, 1]);
    const filled = withWidth(group, uneven, keptWidth(group, uneven), scores);
    expect(filled).toEqual({ [group.id]: [0, 3, 4, 7] });
  });
});

describe('the history of a plan', () => {
  it('goes back and forward, and forgets the future on a change', () => {
    let history = changed(changed(beginning(0), 1), 2);
    history = undone(history);
    expect(history.present).toBe(1);
    expect(redone(history).present).toBe(2);
    history = changed(history, 3);
    expect(redone(history).present).toBe(3);
    expect(undone(undone(undone(history))).present).toBe(0);
  });

  it('undoes a gesture at once, and the next one apart', () => {
    let history = changed(changed(changed(beginning(0), 1, 'slide'), 2, 'slide'), 3, 'slide');
    history = changed(sealed(history), 4, 'slide');
    expect(undone(history).present).toBe(3);
    expect(undone(undone(history)).present).toBe(0);
  });
});

describe('the Pareto front', () => {
  it('holds those that no other beats in both', () => {
    const random = (at: number) => ((at * 7919) % 101) / 101;
    const points = Array.from({ length: 60 }, (_, at) => ({ x: random(at + 1), y: random(3 * at + 2) }));
    const unbeaten = points.filter(
      (one) => !points.some((other) => other !== one && other.x <= one.x && other.y >= one.y),
    );
    expect(new Set(paretoFront(points))).toEqual(new Set(unbeaten));
  });
});
