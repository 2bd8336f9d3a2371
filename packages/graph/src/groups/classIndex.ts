/** Finds the items (contractions, constraints) that have to do with some classes of labels, without a look at all labels. */
export class ClassIndex<T> {
  readonly #items: readonly T[];
  readonly #byRoot = new Map<number, number[]>();

  /** @param rootOf What a label's class is known by, as `find` or `twin` of a label store. */
  constructor(
    items: readonly T[],
    labelsOf: (item: T) => Iterable<Iterable<number>>,
    rootOf: (label: number) => number,
  ) {
    this.#items = items;
    items.forEach((item, number) => {
      for (const labels of labelsOf(item)) {
        for (const label of labels) {
          const root = rootOf(label);
          const known = this.#byRoot.get(root);
          if (!known) this.#byRoot.set(root, [number]);
          else if (known[known.length - 1] !== number) known.push(number);
        }
      }
    });
  }

  /** The items any of whose labels belong to one of the classes, in their order. */
  touching(roots: Iterable<number>): T[] {
    const found = new Set<number>();
    for (const root of roots) for (const number of this.#byRoot.get(root) ?? []) found.add(number);
    return [...found].sort((a, b) => a - b).map((number) => this.#items[number]);
  }
}
