import { SnpError } from '@snp/onnx';

/** How the weights that stay under a plan are rewritten to make up for those that leave: with the units that stay, all that decides the result. */
export interface Recipe {
  /** Kind of compensation. */
  kind: 'mean' | 'ridge' | 'full';
  /** Layer-wise reconstruction of the pruned model follows. */
  reconstruct: boolean;
  /** Correction of the outputs' biases follows. */
  correctBias: boolean;
  /** Heads or branches might have left: statistics of branches were gathered, too. */
  beyond?: true;
  /** The calibration data it was made with; absent where none were given, or of a plan of version 1. */
  data?: DataOfRecipe;
  /** Which statistics it was made with in place of those of `data`: their fingerprint. */
  statistics?: string;
}

/** Which calibration data a plan was made with. */
export interface DataOfRecipe {
  /** Samples that were used. */
  samples: number;
  fingerprint: string;
  /** Every eighth sample was held back, and is not among them. */
  heldBack: boolean;
  /** Samples per run, where that was given. */
  batchSize?: number;
}

/** Settings of a training, as plain JSON. */
export type TuningRecipe = Readonly<Record<string, number | string | boolean>>;

const KINDS = ['mean', 'ridge', 'full'];

/** Checks the form of a recipe; throws `plan-mismatch`. */
export function checkRecipe(value: unknown): Recipe {
  const recipe = value as Recipe;
  const fail = (problem: string): never => {
    throw new SnpError('plan-mismatch', `The plan's "compensation" ${problem}. Make a new plan with 'snp prune'.`);
  };
  if (typeof value !== 'object' || value === null) fail('is no object');
  if (!KINDS.includes(recipe.kind)) fail(`has a "kind" that is none of ${KINDS.join(', ')}`);
  for (const name of ['reconstruct', 'correctBias'] as const)
    if (typeof recipe[name] !== 'boolean') fail(`does not say whether to "${name}"`);
  if (recipe.beyond !== undefined && recipe.beyond !== true) fail('has a "beyond" that is not true');
  if (recipe.statistics !== undefined && typeof recipe.statistics !== 'string') fail('has no text as "statistics"');
  if (recipe.data !== undefined && !isData(recipe.data)) fail('names "data" without samples and fingerprint');
  return recipe;
}

function isData(data: Partial<DataOfRecipe> | null): boolean {
  return Number.isInteger(data?.samples) && typeof data?.fingerprint === 'string' && typeof data.heldBack === 'boolean';
}

/** What a plan of version 1 said about its weights, as a recipe. */
export function recipeOfVersion1(recovery: unknown): Recipe | undefined {
  if (recovery === undefined) return undefined;
  const full = recovery === 'full';
  return checkRecipe({ kind: recovery, reconstruct: full, correctBias: full });
}
