import { bestStep, type Trial } from './bestStep.js';

/** Changes of some layers that were worked out from one half of the samples, and what they do for the other. */
interface HalfSteps {
  steps: readonly Float64Array[];
  trial: Trial;
}

/** What a half asks for, with a ridge or a damping of this strength; undefined where there is no finite answer. */
type Solve = (strength: number) => Promise<HalfSteps | undefined>;

/**
 * The mean of what both halves of the samples ask for, which is as good as what they ask for together and costs nothing more. The strength, a ridge or a damping, is the one with which the first
 * half does most for the second; how much of the mean is taken is what each half does for the other.
 *
 * @param solverOf Solves for one half, 0 or 1. What it is made with is let go before the other half's turn.
 * @returns Undefined where nothing is gained.
 */
export async function meanOfHalves(
  strengths: readonly number[],
  solverOf: (half: 0 | 1) => Solve,
): Promise<{ steps: Float64Array[]; share: number } | undefined> {
  const first = await strongest(strengths, solverOf(0));
  const second = first && (await solverOf(1)(first.strength));
  if (!second) return undefined;
  const both = bestStep([
    { fitted: first.trial.fitted + second.trial.fitted, squares: first.trial.squares + second.trial.squares },
  ]);
  if (!both) return undefined;
  const steps = first.steps.map((own, layer) => own.map((element, at) => (element + second.steps[layer][at]) / 2));
  return { steps, share: both.step };
}

/** What one half asks for with the strength that does most for the other. */
async function strongest(
  strengths: readonly number[],
  solve: Solve,
): Promise<(HalfSteps & { strength: number }) | undefined> {
  const tried = [];
  for (const strength of strengths) {
    const found = await solve(strength);
    if (found) tried.push({ ...found.trial, found: { ...found, strength } });
  }
  return bestStep(tried)?.trial.found;
}
