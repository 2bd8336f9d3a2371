import { type LabelStore, Mark, type Slot } from '../labels/labelStore.js';
import type { GroupKind } from './group.js';

/** The labels that leave together: one unit of a group to be. */
export interface LabelClass {
  readonly root: number;
  /** Labels in ascending order. */
  readonly labels: number[];
  /** Slots the labels lie in, in ascending order without repetition. */
  readonly slots: readonly Slot[];
}

/** The classes of all labels, in order of their first label. */
export function labelClasses(store: LabelStore): LabelClass[] {
  const byRoot = new Map<number, { root: number; labels: number[]; slots: Slot[] }>();
  for (const slot of store.slots) {
    for (let i = 0; i < slot.size; i++) {
      const label = slot.first + i;
      const root = store.find(label);
      let found = byRoot.get(root);
      if (!found) {
        found = { root, labels: [], slots: [] };
        byRoot.set(root, found);
      }
      found.labels.push(label);
      if (found.slots[found.slots.length - 1] !== slot) found.slots.push(slot);
    }
  }
  return [...byRoot.values()];
}

/** What a class is, by the facts gathered on its way. */
export function kindOf(store: LabelStore, label: number): GroupKind {
  if (store.has(label, Mark.contracted)) return 'query-key';
  if (store.has(label, Mark.mixed)) return 'value';
  if (store.has(label, Mark.summed)) return 'residual';
  return store.has(label, Mark.convolved) ? 'channel' : 'ffn';
}
