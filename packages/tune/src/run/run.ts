import type { Figures, FiguresAt } from '../figures.js';
import type { TuneResult } from '../result.js';
import { scheduled } from '../schedule.js';
import type { RunParts } from './chooseRate.js';
import { type Course, StepCourse, TimeCourse } from './course.js';

/** The best state so far on held-back samples. */
interface Best {
  figures: FiguresAt;
  weights: Map<string, Float32Array>;
}

/** How often held-back samples are looked at in a run: once an epoch, within these bounds; and so often where a time is given. */
const [FEWEST, MOST] = [5, 20];
const IN_TIME = 10;

/** The moving average of the weights reaches back over this share of the run. */
const AVERAGED = 0.05;

/** Training from the begin to the end. */
export class Run {
  readonly history: FiguresAt[] = [];
  readonly course: Course;
  best: Best | undefined;
  readonly #began = performance.now();

  /** @param parts.before Figures of the student: what is no better is not kept. */
  constructor(private readonly parts: RunParts & { rate: number; before: Figures }) {
    const { settings, order, started } = parts;
    this.course =
      settings.time === undefined
        ? new StepCourse(settings.epochs! * order.stepsPerEpoch)
        : new TimeCourse(started + settings.time);
  }

  /** @returns Why it ended before its time; undefined where it did not. */
  async go(): Promise<TuneResult['ended']> {
    const { course } = this;
    const { settings } = this.parts;
    const looks = settings.time === undefined ? Math.min(MOST, Math.max(FEWEST, settings.epochs!)) : IN_TIME;
    let looked = 0;
    let ended: TuneResult['ended'];
    while (course.done < 1) {
      if (settings.enough?.aborted) ended = 'enough';
      else if (!Number.isFinite(await this.#step())) ended = 'not-finite';
      if (ended) break;
      const due = Math.floor(Math.min(1, course.done) * looks);
      if (due > looked) await this.#look();
      looked = due;
    }
    if (ended !== 'not-finite' && course.taken > (this.history.at(-1)?.step ?? 0)) await this.#look();
    return ended;
  }

  async #step(): Promise<number> {
    const { training, settings, rate } = this.parts;
    const { course } = this;
    const start = performance.now();
    const share = Math.max(1 / (course.taken + 1), Math.min(1, 1 / (AVERAGED * course.steps)));
    const last = course.taken + 1 === course.steps;
    const loss = await training.take({ rate: rate * scheduled(course.middle), share, last });
    course.add((performance.now() - start) / 1000);
    settings.onProgress?.({ step: 'train', ...course.progress });
    return loss;
  }

  async #look(): Promise<void> {
    const { training, measure, order, settings, before } = this.parts;
    for (const kind of ['weight', 'average'] as const) {
      const figures: FiguresAt = {
        ...(await measure(kind)),
        step: this.course.taken,
        epoch: this.course.taken / order.stepsPerEpoch,
        seconds: (performance.now() - this.#began) / 1000,
        of: kind === 'weight' ? 'weights' : 'average',
      };
      this.history.push(figures);
      if (figures.loss < (this.best?.figures ?? before).loss)
        this.best = { figures, weights: await training.copy(kind) };
      settings.onFigures?.(figures);
    }
  }
}
