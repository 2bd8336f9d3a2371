import { type Criterion, criterionByName, criterionNames, SnpError } from '@snp/core';

/**
 * The criterion that options mean: a built-in or loaded one by its name, or without a name the only one that was loaded.
 *
 * @param onOnly Called where it was chosen for being the only one.
 * @returns undefined where nothing asks for one.
 */
export function chooseCriterion(
  name: string | undefined,
  loaded: readonly Criterion[],
  seed: number | undefined,
  onOnly: (criterion: Criterion) => void,
): Criterion | undefined {
  if (name === undefined) {
    if (loaded.length > 1)
      throw new SnpError(
        'invalid-argument',
        `Several criteria were loaded: ${namesOf(loaded)}. Choose one with --criterion NAME.`,
      );
    if (loaded.length === 1) onOnly(loaded[0]);
    return loaded[0];
  }
  const own = loaded.find((criterion) => criterion.name === name);
  if (own) return own;
  if (!(criterionNames as readonly string[]).includes(name) && loaded.length > 0)
    throw new SnpError(
      'invalid-argument',
      `There is no criterion '${name}'. Built in are ${criterionNames.join(', ')}; loaded were ${namesOf(loaded)}.`,
    );
  return criterionByName(name, seed === undefined ? {} : { seed });
}

function namesOf(criteria: readonly Criterion[]): string {
  return criteria.map(({ name }) => name).join(', ');
}
