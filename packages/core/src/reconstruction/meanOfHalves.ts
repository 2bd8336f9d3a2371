import { bestStep, type Trial } from './bestStep.js';

/** Changes of some layers that were worked out from one half of the samples, and what they do for the other. */
export interface HalfSteps {
  steps: readonly Float64Array[];
  trial: Trial;
}

/**
 * The mean of what both halves of the samples ask for, which is as good as what they ask for together and costs nothing more. The strength, a ridge or a damping, is the one with which the first
 * half does most for the second; how much of the mean is taken is what each half does for the other.
 *
 * @param solve Of one half, 0 or 1.
 * @returns Undefined where nothing is gained.
 */
export async function meanOfHalves(
  strengths: readonly number[],
  solve: (strength: number, half: 0 | 1) => Promise<HalfSteps | undefined>,
): Promise<{ steps: Float64Array[]; share: number } | undefined> {
  const tried: (HalfSteps & Trial & { strength: number })[] = [];
  for (const strength of strengths) {
    const first = await solve(strength, 0);
    if (first) tried.push({ ...first, ...first.trial, strength });
  }
  const best = bestStep(tried)?.trial;
  const second = best && (await solve(best.strength, 1));
  if (!second) return undefined;
  const both = bestStep([{ fitted: best.fitted + second.trial.fitted, squares: best.squares + second.trial.squares }]);
  if (!both) return undefined;
  const steps = best.steps.map((own, layer) => own.map((element, at) => (element + second.steps[layer][at]) / 2));
  return { steps, share: both.step };
}
