import type { BatchOrder } from '../data/order.js';
import type { MeasuredFigures } from '../figures.js';
import type { Settings } from '../options.js';
import { scheduled } from '../schedule.js';
import type { Training } from './training.js';

/** What a run is made of. */
export interface RunParts {
  training: Training;
  /** Figures on held-back samples, of the weights or of their average. */
  measure(kind: 'weight' | 'average'): Promise<MeasuredFigures>;
  order: BatchOrder;
  settings: Settings;
  /** When all of it began, as `performance.now` tells it. */
  started: number;
}

/** Rates that are tried. */
const RATES = [1e-5, 1e-4, 1e-3];

/** Steps of a try: a twentieth of the run, within these bounds. */
const [FEWEST, MOST] = [8, 32];

/** The share of the time that tries may take. */
const TIME_SHARE = 0.15;

/** Tries rates from the same state, each for a few steps with a schedule of its own, and gives the one with the best held-back loss. */
export async function chooseRate(parts: RunParts): Promise<{ rate: number; tried: { rate: number; loss: number }[] }> {
  const { settings, training, measure, order, started } = parts;
  if (settings.rate !== undefined) return { rate: settings.rate, tried: [] };
  const { epochs, time, onProgress, enough } = settings;
  const steps =
    epochs === undefined ? MOST : Math.min(MOST, Math.max(FEWEST, Math.round((epochs * order.stepsPerEpoch) / 20)));
  const tried: { rate: number; loss: number }[] = [];
  for (const [at, rate] of RATES.entries()) {
    // With a time, each try has its part of it.
    const until = time === undefined ? undefined : started + (TIME_SHARE * time * (at + 1)) / RATES.length;
    for (let step = 0; step < steps && !enough?.aborted; step++) {
      const last = step === steps - 1 || (until !== undefined && step >= 1 && performance.now() > until);
      await training.take({ rate: rate * scheduled((step + 0.5) / steps), share: 1, last });
      onProgress?.({ step: 'rates', done: at * steps + step + 1, total: RATES.length * steps });
      if (last) break;
    }
    const { loss } = await measure('weight');
    tried.push({ rate, loss });
    await training.reset();
    if (enough?.aborted) break;
  }
  const best = tried.reduce((one, other) => (other.loss < one.loss || Number.isNaN(one.loss) ? other : one));
  return { rate: best.rate, tried };
}
