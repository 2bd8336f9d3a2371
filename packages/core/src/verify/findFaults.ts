/** Checks of parts of a plan: twice as many halve 32 groups down to each of ten. */
const MOST_CHECKS = 64;

/** Milliseconds after which what was not looked at closer counts as faulty. */
const LONGEST = 120_000;

/**
 * Finds the groups to blame for a wrong result by halving: a set of groups that is right holds none, one that is wrong is looked at by halves. What is only wrong together is
 * blamed on one half. Where there are too many to look at each, all of a set that is wrong are blamed.
 *
 * @param ids Groups, those alike side by side.
 * @param wrong Tells what is wrong with the result when these groups are pruned; undefined if nothing is.
 * @returns What is wrong with each group to blame.
 */
export async function findFaults(
  ids: readonly string[],
  wrong: (ids: readonly string[]) => Promise<string | undefined>,
): Promise<Map<string, string>> {
  const end = performance.now() + LONGEST;
  const faults = new Map<string, string>();
  let checks = 0;
  const blame = (blamed: readonly string[], reason: string) => {
    for (const id of blamed) faults.set(id, reason);
  };
  const search = async (part: readonly string[]): Promise<boolean> => {
    const reason = await wrong(part);
    if (reason === undefined) return false;
    if (part.length === 1 || ++checks >= MOST_CHECKS || performance.now() > end) blame(part, reason);
    else {
      const half = part.slice(0, Math.ceil(part.length / 2));
      const rest = part.slice(half.length);
      const [first, second] = [await search(half), await search(rest)];
      if (!first && !second) blame(rest, reason);
    }
    return true;
  };
  if (ids.length > 0) await search(ids);
  return faults;
}
