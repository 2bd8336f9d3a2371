/** Of how many numbers at once a count is worked out from corners: their number doubles with each. */
const MOST = 4;

/** A count where some of its numbers differ from the largest ones. */
interface Form {
  /** Which ones differ. */
  varied: readonly number[];
  /** The count at each corner, where the numbers are the largest, or half of that for the bits that are set. */
  corners: readonly number[];
  /** Whether the count was found to be affine. */
  holds: boolean;
}

/**
 * A count that depends on several whole numbers, as multiply-accumulates do on widths, where counting takes long. As a product of sizes it is affine in each of its numbers, so that the
 * counts at the corners of a box give all others, exactly. Whether that holds is tried at two points more; where it does not, every count is counted.
 */
export class MultiAffine {
  readonly #known = new Map<string, number>();
  readonly #forms = new Map<number, Form>();

  /**
   * @param count Counts.
   * @param largest The largest that each number can be; most stay so most of the time.
   */
  constructor(
    private readonly count: (numbers: readonly number[]) => number,
    private readonly largest: readonly number[],
  ) {}

  at(numbers: readonly number[]): number {
    const form = this.#formAt(numbers);
    return form?.holds ? this.#between(form, numbers) : this.#counted(numbers);
  }

  /** Undefined where numbers are too many or too small for corners. */
  #formAt(numbers: readonly number[]): Form | undefined {
    let [key, differing] = [0, 0];
    for (let at = 0; at < numbers.length; at++) {
      if (numbers[at] === this.largest[at]) continue;
      if (numbers[at] < 1 || this.largest[at] < 2 || ++differing > MOST) return undefined;
      key += 2 ** at;
    }
    const known = this.#forms.get(key) ?? this.#form(numbers);
    this.#forms.set(key, known);
    return known;
  }

  #form(first: readonly number[]): Form {
    const varied = [...first.keys()].filter((at) => first[at] !== this.largest[at]);
    const corners = Array.from({ length: 2 ** varied.length }, (_, corner) => {
      const numbers = [...this.largest];
      for (const [bit, at] of varied.entries()) if (corner & (1 << bit)) numbers[at] = this.#half(at);
      return this.#counted(numbers);
    });
    const form = { varied, corners };
    const probe = first.map((_, at) => (varied.includes(at) ? Math.ceil(this.largest[at] / (3 + at)) : first[at]));
    const holds = [first, probe].every((point) => this.#between(form, point) === this.#counted(point));
    return { ...form, holds };
  }

  #between({ varied, corners }: Omit<Form, 'holds'>, numbers: readonly number[]): number {
    let sum = 0;
    for (let corner = 0; corner < corners.length; corner++) {
      let part = corners[corner];
      for (let bit = 0; bit < varied.length; bit++) {
        const at = varied[bit];
        const share = (numbers[at] - this.#half(at)) / (this.largest[at] - this.#half(at));
        part *= corner & (1 << bit) ? 1 - share : share;
      }
      sum += part;
    }
    return Math.round(sum);
  }

  #half(at: number): number {
    return Math.floor(this.largest[at] / 2);
  }

  #counted(numbers: readonly number[]): number {
    const key = numbers.join();
    const count = this.#known.get(key) ?? this.count(numbers);
    this.#known.set(key, count);
    return count;
  }
}
