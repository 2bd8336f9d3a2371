/** How far a run is: by the steps that it takes, or by the time that it has. */
export interface Course {
  /** Steps that were taken. */
  readonly taken: number;
  /** The share of the run that is over, and that which is over in the middle of the next step. */
  readonly done: number;
  readonly middle: number;
  /** Steps of the whole run, as far as they are known. */
  readonly steps: number;
  /** Seconds that steps took. */
  readonly stepSeconds: number;
  readonly secondsPerStep: number;
  /** Done and in all: steps, or seconds. */
  readonly progress: { done: number; total: number };
  /** Tells of a step that was taken. */
  add(seconds: number): void;
}

/** Steps that were taken before a break. */
export interface Taken {
  taken: number;
  stepSeconds: number;
}

abstract class Counted {
  taken: number;
  stepSeconds: number;

  constructor({ taken, stepSeconds }: Taken) {
    this.taken = taken;
    this.stepSeconds = stepSeconds;
  }

  get secondsPerStep(): number {
    return this.stepSeconds / Math.max(1, this.taken);
  }

  add(seconds: number): void {
    this.taken++;
    this.stepSeconds += seconds;
  }
}

/** A run of so many steps. */
export class StepCourse extends Counted implements Course {
  constructor(
    readonly steps: number,
    before: Taken,
  ) {
    super(before);
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

/** A run that begins and ends at times, as `performance.now` tells them. */
export class TimeCourse extends Counted implements Course {
  readonly #all: number;

  constructor(
    private readonly began: number,
    end: number,
    before: Taken,
  ) {
    super(before);
    this.#all = Math.max(1e-3, (end - began) / 1000);
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
    return (performance.now() - this.began) / 1000;
  }
}
