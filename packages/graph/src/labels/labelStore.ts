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
  #parent: number[] = [];
  #marks: number[] = [];
  #frozen = new Map<number, FreezeReason>();

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
    for (let i = 0; i < size; i++) {
      this.#parent.push(slot.first + i);
      this.#marks.push(0);
    }
    this.slots.push(slot);
    return slot;
  }

  /** Number of labels. */
  get size(): number {
    return this.#parent.length;
  }

  find(label: number): number {
    let root = label;
    while (this.#parent[root] !== root) root = this.#parent[root];
    for (let at = label; at !== root; ) [at, this.#parent[at]] = [this.#parent[at], root];
    return root;
  }

  /** Joins two classes; true if they were not one already. */
  union(a: number, b: number): boolean {
    const keep = this.find(a);
    const drop = this.find(b);
    if (keep === drop) return false;
    this.#parent[drop] = keep;
    this.#marks[keep] |= this.#marks[drop];
    const reason = this.#frozen.get(drop);
    if (reason && !this.#frozen.has(keep)) this.#frozen.set(keep, reason);
    this.#frozen.delete(drop);
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
