import { type LabelStore, Mark, type Slot } from '../labels/labelStore.js';
import type { NeuronKind } from './group.js';

/** The labels that leave together: one unit of a group to be. */
export interface LabelClass {
  readonly root: number;
  /** The smallest label. */
  readonly first: number;
  /** How many labels. */
  readonly size: number;
  /** The slots the labels lie in. Classes that lie in the same ones have the same path. */
  readonly path: SlotPath;
}

/** Slots in ascending order without repetition, as one more behind others. There is one object for each list. */
export class SlotPath {
  readonly #longer = new Map<Slot, SlotPath>();

  constructor(
    readonly last: Slot,
    private readonly before?: SlotPath,
  ) {}

  /** This path with a slot more. */
  with(slot: Slot): SlotPath {
    const known = this.#longer.get(slot) ?? new SlotPath(slot, this);
    this.#longer.set(slot, known);
    return known;
  }

  get slots(): Slot[] {
    const slots: Slot[] = [];
    for (let at = this.before; at; at = at.before) slots.push(at.last);
    return [...slots.reverse(), this.last];
  }
}

/** The classes of all labels, in order of their first label. */
export function labelClasses(store: LabelStore): LabelClass[] {
  const classes: { root: number; first: number; size: number; path: SlotPath }[] = [];
  /** Where each root's class stands in the list, counted from one. */
  const place = new Int32Array(store.size);
  for (const slot of store.slots) {
    const start = new SlotPath(slot);
    for (let label = slot.first; label < slot.first + slot.size; label++) {
      const root = store.find(label);
      const known = classes[place[root] - 1];
      if (known) {
        known.size++;
        if (known.path.last !== slot) known.path = known.path.with(slot);
      } else {
        place[root] = classes.push({ root, first: label, size: 1, path: start });
      }
    }
  }
  return classes;
}

/** What a class is, by the facts gathered on its way. */
export function kindOf(store: LabelStore, label: number): NeuronKind {
  if (store.has(label, Mark.contracted)) return 'query-key';
  if (store.has(label, Mark.mixed)) return 'value';
  if (store.has(label, Mark.summed)) return 'residual';
  return store.has(label, Mark.convolved) ? 'channel' : 'ffn';
}
