import { argmax } from './rows.js';

/** Counts right answers of a classifier. */
export class Tally {
  #samples = 0;
  #labelled = 0;
  #top1 = 0;
  #top5 = 0;

  /** @param row The scores of one sample. */
  add(row: ArrayLike<number>, label: number | undefined): void {
    this.#samples++;
    if (label === undefined) return;
    this.#labelled++;
    if (argmax(row) === label) this.#top1++;
    if (rankOf(row, label) < 5) this.#top5++;
  }

  get result() {
    const share = (count: number) => (this.#labelled > 0 ? count / this.#labelled : undefined);
    return { samples: this.#samples, labelled: this.#labelled, top1: share(this.#top1), top5: share(this.#top5) };
  }
}

/** How many scores are higher than the label's. */
function rankOf(row: ArrayLike<number>, label: number): number {
  let higher = 0;
  for (let at = 0; at < row.length; at++) if (row[at] > row[label]) higher++;
  return label < row.length ? higher : row.length;
}
