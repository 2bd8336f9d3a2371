import { type Analysis, unitGroups } from '@snp/graph';
import type { UnitGroup } from '../plugin/unitGroup.js';
import { type Plan, removedUnits } from './plan.js';
import { laneWidth, type Widths } from './widths.js';

/** Units that leave, by id of a group of the analysis: neurons, heads, branches. */
export class LeavingUnits {
  readonly #units = new Map<string, Set<number>>();

  copy(): LeavingUnits {
    const other = new LeavingUnits();
    for (const [id, units] of this.#units) other.#units.set(id, new Set(units));
    return other;
  }

  /** Takes away what leaves with some units of a plug-in's group. */
  take(group: UnitGroup, units: Iterable<number>): void {
    for (const unit of units) {
      for (const cut of group.cuts[unit])
        this.#units.set(cut.group, (this.#units.get(cut.group) ?? new Set()).add(cut.unit));
    }
  }

  /** Takes away what leaves with all units of a plug-in's group but some. */
  takeAllBut(group: UnitGroup, kept: Iterable<number>): void {
    const stays = new Set(kept);
    this.take(
      group,
      [...group.cuts.keys()].filter((unit) => !stays.has(unit)),
    );
  }

  /** Units that stay per lane, of heads and branches that leave. */
  widths(analysis: Analysis): Widths {
    return Object.fromEntries(
      [...analysis.heads, ...analysis.branches].flatMap((group) => {
        const leaving = this.#units.get(group.id);
        return leaving ? [[group.id, laneWidth(group) - leaving.size]] : [];
      }),
    );
  }

  /** The plan without these units too. */
  without(plan: Plan, analysis: Analysis): Plan {
    const groups = { ...plan.groups };
    for (const group of unitGroups(analysis)) {
      const leaving = this.#units.get(group.id);
      if (!leaving) continue;
      const gone = new Set([...leaving, ...removedUnits(plan, group)]);
      const keep = Array.from({ length: group.units }, (_, unit) => unit).filter((unit) => !gone.has(unit));
      groups[group.id] = { units: group.units, lanes: group.lanes, keep };
    }
    return { ...plan, groups };
  }
}
