/** How far a run is: by the steps that it takes, or by the time that it has. */
export interface Course {
  /** Steps that were taken. */
  readonly taken: number;
  /** The share of the run that is over, and that which is over in the middle of the next step. */
  readonly done: number;
  readonly middle: number;
  /** Steps of the whole run, as far as they are known. */
  readonly steps: number;
  readonly secondsPerStep: number;
  /** Done and in all: steps, or seconds. */
  readonly progress: { done: number; total: number };
  /** Tells of a step that was taken. */
  add(seconds: number): void;
}

abstract class Counted {
  taken = 0;
  #seconds = 0;

  get secondsPerStep(): number {
    return this.#seconds / Math.max(1, this.taken);
  }

  add(seconds: number): void {
    this.taken++;
    this.#seconds += seconds;
  }
}

/** A run of so many steps. */
export class StepCourse extends Counted implements Course {
  constructor(readonly steps: number) {
    super();
  }

  get done(): number {
    return this.taken / this.steps;
  }

  get middle(): number {
    return (this.taken + 0.5) / this.steps;
  }

  get progress() {
    return { done: this.taken, total: this.steps };
  }
}

/** A run that ends at a time, as `performance.now` tells it. */
export class TimeCourse extends Counted implements Course {
  readonly #began = performance.now();
  readonly #all: number;

  constructor(end: number) {
    super();
    this.#all = Math.max(1e-3, (end - this.#began) / 1000);
  }

  get done(): number {
    return this.#elapsed / this.#all;
  }

  get middle(): number {
    return Math.min(1, (this.#elapsed + this.secondsPerStep / 2) / this.#all);
  }

  get steps(): number {
    return this.taken === 0 ? 1 : Math.max(this.taken, this.#all / this.secondsPerStep);
  }

  get progress() {
    return { done: Math.min(this.#elapsed, this.#all), total: this.#all };
  }

  get #elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }
}
