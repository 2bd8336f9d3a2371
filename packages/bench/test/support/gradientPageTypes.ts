/** What the page of gradientPage.ts can do with the model that its server hands out. */
export interface GradientPage {
  /** Differentiates it by values and runs what that gives, there, on pictures drawn from a seed: the numbers of each gradient. */
  gradients(
    by: readonly string[],
    options: { input: string; dims: number[]; output: string; width: number },
  ): Promise<Record<string, number[]>>;
}

/** Numbers that are the same wherever they are made. */
export function drawn(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => Math.sin(seed + at * 12.9898) * Math.cos(at * 0.37));
}
