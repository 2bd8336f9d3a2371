import type { Node, Use, Value } from '@snp/onnx';

/** Why something may not be pruned: the operator in the way, and what it does. */
export interface FreezeReason {
  /** Label of the node, or undefined where no node is to blame (a graph output, an initializer nobody reads). */
  node: string | undefined;
  operator: string | undefined;
  reason: string;
}

/** What a weight's axis does for a label. */
export type Role =
  /** The slice computes the label's values: a column of a projection, a bias, an embedding. */
  | 'output'
  /** The slice reads the label's values: the other side of a projection. */
  | 'input'
  /** The slice scales or shifts the label's values: norms, layer scale. */
  | 'elementwise';

/** Facts about a label's way through the graph. */
export const Mark = {
  /** Summed over in a product of two activations, as queries and keys are. */
  contracted: 1,
  /** Carried through a product of two activations, as values are by the attention map. */
  mixed: 2,
  /** Joined with another label by a sum of two activations, as residual channels are. */
  summed: 4,
  /** Normalised together with its neighbours. */
  normalised: 8,
  /** Written by a convolution. */
  convolved: 16,
  /** Stands for a whole head: a row of neurons whose own axis was summed over. */
  head: 32,
  /** Computed by a weight, so far on the way: a neuron, not a place in a table. */
  written: 64,
} as const;

/** The labels along one axis of one initializer: `first`, `first + 1`, ... */
export interface Slot {
  readonly initializer: Value;
  readonly axis: number;
  readonly first: number;
  readonly size: number;
  /** The reading place, for vectors that several nodes share only because the exporter found them equal. */
  readonly use: Use | undefined;
  readonly roles: Set<Role>;
  /** Nodes that read this axis, in graph order. */
  readonly readers: Set<Node>;
}

/** Union-find over labels, with what is known about each class. */
export class LabelStore {
  readonly slots: Slot[] = [];
  readonly #slotsIn = new Map<Value, Slot[]>();
  #parent: number[] = [];
  #twins: number[] = [];
  #marks: number[] = [];
  #frozen = new Map<number, FreezeReason>();
  #rows = new Map<number, number[]>();

  /** A new label that stands for a head of which `neurons` are a part. */
  addHead(neurons: Iterable<number>): number {
    const label = this.#add();
    this.#marks[label] = Mark.head;
    this.hold(label, neurons);
    return label;
  }

  /** New labels of positions that no initializer has: what other programs feed. */
  addFree(size: number): Int32Array {
    return Int32Array.from({ length: size }, () => this.#add());
  }

  #add(): number {
    const label = this.#parent.length;
    this.#parent.push(label);
    this.#twins.push(label);
    this.#marks.push(0);
    return label;
  }

  /** Makes neurons a part of a head: they leave with it. */
  hold(head: number, neurons: Iterable<number>): void {
    const root = this.find(head);
    const own = this.#rows.get(root) ?? [];
    for (const neuron of neurons) own.push(neuron);
    this.#rows.set(root, own);
  }

  /** The neurons of a head; none for other labels. */
  held(head: number): readonly number[] {
    return this.#rows.get(this.find(head)) ?? [];
  }

  /** New labels for an axis of an initializer. */
  addSlot(initializer: Value, axis: number, size: number, use: Use | undefined): Slot {
    const slot: Slot = {
      initializer,
      axis,
      first: this.#parent.length,
      size,
      use,
      roles: new Set(),
      readers: new Set(),
    };
    for (let i = 0; i < size; i++) this.#add();
    this.slots.push(slot);
    const others = this.#slotsIn.get(initializer);
    if (others) others.push(slot);
    else this.#slotsIn.set(initializer, [slot]);
    return slot;
  }

  /** The slots of an initializer. */
  slotsIn(initializer: Value): readonly Slot[] {
    return this.#slotsIn.get(initializer) ?? [];
  }

  /** The slots in which some labels lie; none for those of heads. */
  slotsOf(labels: Iterable<number>): Set<Slot> {
    const found = new Set<Slot>();
    let last: Slot | undefined;
    for (const label of labels) {
      if (!last || label < last.first || label >= last.first + last.size) last = this.#slotOf(label);
      if (last) found.add(last);
    }
    return found;
  }

  #slotOf(label: number): Slot | undefined {
    let [low, high] = [0, this.slots.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.slots[middle].first + this.slots[middle].size > label) high = middle;
      else low = middle + 1;
    }
    const slot = this.slots[low];
    return slot && slot.first <= label ? slot : undefined;
  }

  /** Number of labels. */
  get size(): number {
    return this.#parent.length;
  }

  find(label: number): number {
    return rootIn(this.#parent, label);
  }

  /**
   * The root among twins: labels of the same position in values of the same shape. A vector of d numbers that meets H heads of d neurons joins the
   * classes of neuron i of all heads, since single neurons can only leave together then, but it makes no twins: a whole head may leave without others.
   */
  twin(label: number): number {
    return rootIn(this.#twins, label);
  }

  /** Joins two classes; true if they were not one already. `twins`: see `twin`. */
  union(a: number, b: number, twins = true): boolean {
    if (twins) this.#twins[this.twin(b)] = this.twin(a);
    const keep = this.find(a);
    const drop = this.find(b);
    if (keep === drop) return false;
    this.#parent[drop] = keep;
    this.#marks[keep] |= this.#marks[drop];
    const reason = this.#frozen.get(drop);
    if (reason && !this.#frozen.has(keep)) this.#frozen.set(keep, reason);
    this.#frozen.delete(drop);
    const rows = this.#rows.get(drop);
    this.#rows.delete(drop);
    if (rows) this.hold(keep, rows);
    return true;
  }

  mark(label: number, mark: number): void {
    this.#marks[this.find(label)] |= mark;
  }

  has(label: number, mark: number): boolean {
    return (this.#marks[this.find(label)] & mark) !== 0;
  }

  /** Marks a class as not prunable; the first reason stays. */
  freeze(label: number, reason: FreezeReason): void {
    const root = this.find(label);
    if (!this.#frozen.has(root)) this.#frozen.set(root, reason);
  }

  frozen(label: number): FreezeReason | undefined {
    return this.#frozen.get(this.find(label));
  }
}

function rootIn(parent: number[], label: number): number {
  let root = label;
  while (parent[root] !== root) root = parent[root];
  for (let at = label; at !== root; ) [at, parent[at]] = [parent[at], root];
  return root;
}
