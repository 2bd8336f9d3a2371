import type { Checkpoint, RunIdentity } from '../checkpoint/checkpoint.js';
import type { FiguresAt, MeasuredFigures } from '../figures.js';
import type { TuneResult } from '../result.js';
import { scheduled } from '../schedule.js';
import type { RunParts } from './chooseRate.js';
import { type Course, StepCourse, TimeCourse } from './course.js';
import { isNoWorse, meanOf } from './noWorse.js';

/** The state that is kept: the last one that is no worse than the best by more than chance. */
interface Best {
  figures: FiguresAt;
  weights: Map<string, Float32Array>;
}

/** How often held-back samples are looked at in a run: once an epoch, within these bounds; and so often where a time is given. */
const [FEWEST, MOST] = [5, 20];
const IN_TIME = 10;

/** Looks in a row at which the student was worse than before by more than chance, after which a run ends. Rates fall until the end, and with them the loss: it takes many to give a run up. */
const PATIENCE = 6;

/** The moving average of the weights reaches back over this share of the run. */
const AVERAGED = 0.05;

/** Training from the begin, or from a checkpoint, to the end. */
export class Run {
  readonly course: Course;
  readonly #began: number;
  readonly #history: FiguresAt[];
  #best: Best | undefined;
  /** Losses of the held-back samples where their mean was least. */
  #least: Float64Array;
  /** The last step that was no worse than that by more than chance. */
  #good: number;
  #saved = performance.now();

  /** @param parts.before Figures of the student: what is no better is not kept. */
  constructor(
    private readonly parts: RunParts & {
      /** Undefined where no checkpoints are asked for. */
      identity: RunIdentity | undefined;
      rate: number;
      tried: readonly { rate: number; loss: number }[];
      before: MeasuredFigures;
    },
    resumed: Checkpoint | undefined,
  ) {
    const { settings, order, started } = parts;
    const { progress } = resumed ?? {};
    this.#began = progress ? started + progress.began : performance.now();
    this.#history = [...(progress?.history ?? [])];
    this.#best = resumed && bestOf(resumed);
    this.#least = progress ? Float64Array.from(progress.least) : parts.before.bySample;
    this.#good = progress?.good ?? 0;
    const before = { taken: progress?.taken ?? 0, stepSeconds: progress?.stepSeconds ?? 0 };
    this.course =
      settings.time === undefined
        ? new StepCourse(settings.epochs! * order.stepsPerEpoch, before)
        : new TimeCourse(this.#began, started + settings.time, before);
  }

  get history(): readonly FiguresAt[] {
    return this.#history;
  }

  get best(): Best | undefined {
    return this.#best;
  }

  /** @returns Why it ended before its time; undefined where it did not. */
  async go(): Promise<TuneResult['ended']> {
    const { course } = this;
    const { settings } = this.parts;
    const looks = settings.time === undefined ? Math.min(MOST, Math.max(FEWEST, settings.epochs!)) : IN_TIME;
    const dueLooks = () => Math.floor(Math.min(1, course.done) * looks);
    let looked = dueLooks();
    let ended: TuneResult['ended'];
    while (course.done < 1) {
      if (settings.enough?.aborted) ended = 'enough';
      else if (this.#isStuck) ended = 'no-better';
      else if (!Number.isFinite(await this.#step())) ended = 'not-finite';
      if (ended) break;
      const due = dueLooks();
      if (due > looked) await this.#look();
      looked = due;
      if (performance.now() - this.#saved > settings.checkpointEvery) await this.#save();
    }
    if (ended === 'enough') await this.#save();
    if (ended !== 'not-finite' && course.taken > (this.#history.at(-1)?.step ?? 0)) await this.#look();
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
      const { bySample, ...measured } = await measure(kind);
      const figures: FiguresAt = {
        ...measured,
        step: this.course.taken,
        epoch: this.course.taken / order.stepsPerEpoch,
        seconds: (performance.now() - this.#began) / 1000,
        of: kind === 'weight' ? 'weights' : 'average',
      };
      this.#history.push(figures);
      if (meanOf(bySample) < meanOf(this.#least)) this.#least = bySample;
      if (isNoWorse(bySample, this.#least)) {
        this.#good = this.course.taken;
        if (figures.loss < before.loss) this.#best = { figures, weights: await training.copy(kind) };
      }
      settings.onFigures?.(figures);
    }
  }

  /** Whether the last looks all were worse. */
  get #isStuck(): boolean {
    const since = this.#history.filter(({ step }) => step > this.#good);
    return new Set(since.map(({ step }) => step)).size >= PATIENCE;
  }

  async #save(): Promise<void> {
    const { training, settings, identity, before, rate, tried, started } = this.parts;
    if (!settings.onCheckpoint || !identity) return;
    const numbers = await training.state();
    for (const [name, best] of this.#best?.weights ?? []) numbers.set(`best/${name}`, best);
    const { taken, stepSeconds } = this.course;
    await settings.onCheckpoint({
      run: identity,
      progress: {
        before: { loss: before.loss, agreement: before.agreement, accuracy: before.accuracy },
        rate,
        tried,
        taken,
        stepSeconds,
        elapsed: performance.now() - started,
        began: this.#began - started,
        history: [...this.#history],
        best: this.#best?.figures,
        least: [...this.#least],
        good: this.#good,
      },
      numbers,
    });
    this.#saved = performance.now();
  }
}

function bestOf({ progress: { best }, numbers }: Checkpoint): Best | undefined {
  if (!best) return undefined;
  const named = [...numbers].filter(([name]) => name.startsWith('best/'));
  return { figures: best, weights: new Map(named.map(([name, own]) => [name.slice('best/'.length), own])) };
}
