import type { FiguresAt } from '../options.js';
import type { TuneResult } from '../result.js';
import { scheduled } from '../schedule.js';
import type { RunParts } from './chooseRate.js';
import type { Figures } from './heldBack.js';

/** The best state so far on held-back samples. */
interface Best {
  figures: FiguresAt;
  weights: Map<string, Float32Array>;
}

/** How often held-back samples are looked at in a run: once an epoch, within these bounds. */
const [FEWEST, MOST] = [5, 20];

/** With a time, so often. */
const IN_TIME = 10;

/** The moving average of the weights reaches back over this share of the run. */
const AVERAGED = 0.05;

/** Training from the begin to the end. */
export class Run {
  readonly history: FiguresAt[] = [];
  best: Best | undefined;
  steps = 0;
  #stepSeconds = 0;
  readonly #began = performance.now();

  /** @param parts.before Figures of the student: what is no better is not kept. */
  constructor(private readonly parts: RunParts & { rate: number; before: Figures }) {}

  get secondsPerStep(): number {
    return this.#stepSeconds / Math.max(1, this.steps);
  }

  /** @returns Why it ended before its time; undefined where it did not. */
  async go(): Promise<TuneResult['ended']> {
    const { training, order, settings, rate } = this.parts;
    const looks = this.#looks;
    let looked = 0;
    for (;;) {
      if (settings.enough?.aborted) return this.#ended('enough');
      const done = this.#done;
      if (done >= 1) break;
      const steps = this.#expectedSteps;
      const start = performance.now();
      const share = Math.max(1 / (this.steps + 1), 1 / Math.max(1, AVERAGED * steps));
      const loss = await training.take({ rate: rate * scheduled(done), share, last: this.steps + 1 >= this.#lastStep });
      this.#stepSeconds += (performance.now() - start) / 1000;
      this.steps++;
      this.#tell();
      if (!Number.isFinite(loss)) return this.#ended('not-finite');
      if (Math.floor(this.#done * looks) > looked && this.#done < 1) {
        looked = Math.floor(this.#done * looks);
        await this.#look();
      }
      void order;
    }
    await this.#look();
    return undefined;
  }

  /** The last look, at what there is. */
  async #ended(why: 'enough' | 'not-finite'): Promise<'enough' | 'not-finite'> {
    if (why === 'enough' && this.steps > 0 && this.history.at(-1)?.step !== this.steps) await this.#look();
    return why;
  }

  /** Steps of the whole run; without bound where a time says when it ends. */
  get #lastStep(): number {
    const { settings, order } = this.parts;
    return settings.epochs === undefined ? Number.POSITIVE_INFINITY : settings.epochs * order.stepsPerEpoch;
  }

  /** The share of the run that is over, the coming step included: it begins above 0. */
  get #done(): number {
    const { settings, started } = this.parts;
    if (settings.time === undefined) return this.steps >= this.#lastStep ? 1 : (this.steps + 1) / (this.#lastStep + 1);
    const left = started + settings.time - this.#began;
    return this.steps === 0 ? Number.EPSILON : Math.max(0, (performance.now() - this.#began) / Math.max(1, left));
  }

  get #expectedSteps(): number {
    const { settings } = this.parts;
    if (settings.time === undefined) return this.#lastStep;
    return settings.time / 1000 / Math.max(1e-3, this.secondsPerStep);
  }

  get #looks(): number {
    const { epochs } = this.parts.settings;
    return epochs === undefined ? IN_TIME : Math.min(MOST, Math.max(FEWEST, epochs));
  }

  #tell(): void {
    const { settings, started } = this.parts;
    const { time, onProgress } = settings;
    if (time === undefined) onProgress?.({ step: 'train', done: this.steps, total: this.#lastStep });
    else {
      const all = (started + time - this.#began) / 1000;
      onProgress?.({ step: 'train', done: Math.min(all, (performance.now() - this.#began) / 1000), total: all });
    }
  }

  async #look(): Promise<void> {
    const { training, measure, order, settings, before } = this.parts;
    for (const kind of ['weight', 'average'] as const) {
      const figures: FiguresAt = {
        ...(await measure(kind)),
        step: this.steps,
        epoch: this.steps / order.stepsPerEpoch,
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
