import { median } from 'd3-array';
import type { BenchResult } from '../result/schema.js';

/** Others may use this much of a processor without spoiling the result. */
const OTHERS_BUSY = 0.25;
/** A model whose last third is this much slower than its first was slowed down by something. */
const DRIFT = 1.1;
/** The same model against itself should agree this well. */
const NOISE = 0.05;

/** What makes a result doubtful, in words that say what to do. */
export function warningsFor({ models, selfCheck, observations, device }: Omit<BenchResult, 'warnings'>): string[] {
  const warnings: string[] = [];
  const { othersBusy = 0, throttled = 0 } = observations;
  if (othersBusy > OTHERS_BUSY)
    warnings.push(
      `Other programs kept ${othersBusy.toFixed(1)} of ${device.cores} processors busy: times may be too long. End them and measure again.`,
    );
  if (throttled > 0)
    warnings.push(`The processor slowed itself down ${throttled} times because of heat: let it cool, or cool it.`);
  if (device.governor !== undefined && device.governor !== 'performance')
    warnings.push(
      `The frequency governor is '${device.governor}', which changes the clock while measuring; 'performance' keeps it.`,
    );
  for (const model of models) {
    if (model.state === 'failed') continue;
    const third = Math.floor(model.blocks.length / 3);
    if (third < 3) continue;
    const ratio = median(model.blocks.slice(-third).flat())! / median(model.blocks.slice(0, third).flat())!;
    if (ratio > DRIFT)
      warnings.push(
        `'${model.name}' became ${(100 * (ratio - 1)).toFixed(0)} % slower while it was measured: the device may throttle, or do something else.`,
      );
  }
  if (selfCheck && (selfCheck.low > 1 || selfCheck.high < 1 || selfCheck.high - selfCheck.low > 2 * NOISE))
    warnings.push(
      `The first model against itself came out as ${selfCheck.ratio.toFixed(3)} (${selfCheck.low.toFixed(3)} to ${selfCheck.high.toFixed(3)}): differences of that size are noise here.`,
    );
  return warnings;
}
