import { type Analysis, type Group, type HeadSet, unitGroups } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { VERSION } from '../version.js';
import { fingerprint } from './fingerprint.js';
import { checkRecipe, type Recipe, recipeOfVersion1, type TuningRecipe } from './recipe.js';

/** Which units of one group stay: neurons, heads (`blocks.0.heads`), or a branch of the residual stream (`blocks.0.ffn-branch`, a single unit). */
export interface GroupPlan {
  /** Units the group has in the original model. */
  units: number;
  /** Heads (lanes) that must keep equally many units each. */
  lanes: number;
  /** Numbers of the units that stay, ascending. Of heads that leave, none. */
  keep: number[];
}

/**
 * The recipe of a pruned model: which units stay, group by group, and how the weights that stay make up for those that leave. Everything before a plan decides, everything after it
 * executes. Plain JSON that can be saved, edited and applied again (`apply`); the same plan with the same model and calibration data gives the same bytes, on the same machine. Groups that
 * are not named stay whole, but for what leaves with heads and branches.
 */
export interface Plan {
  format: 'snp-plan';
  version: 2;
  /** What made it: package and release. */
  tool: string;
  /** Structure of the model this plan is for (operators, initializers and their shapes, not the weights' values). */
  model: { fingerprint: string };
  groups: Record<string, GroupPlan>;
  /** How weights are rewritten to make up for what leaves; absent where they are only cut. */
  compensation?: Recipe;
  /** How the pruned model is trained afterwards; absent where it is not. */
  tuning?: TuningRecipe;
  /** Past keys and values become narrower as inputs and outputs of the model, where the plan cuts them. Absent: they stay. */
  narrowCache?: true;
}

/** A plan that keeps everything. */
export function emptyPlan(analysis: Analysis): Plan {
  return {
    format: 'snp-plan',
    version: 2,
    tool: `@snp/core ${VERSION}`,
    model: { fingerprint: fingerprint(analysis.model) },
    groups: {},
    ...(analysis.narrowCache && { narrowCache: true }),
  };
}

/** Units of `group` that leave under `plan`, ascending. */
export function removedUnits(plan: Plan, group: Group): number[] {
  const entry = plan.groups[group.id];
  if (!entry) return [];
  const keep = new Set(entry.keep);
  return Array.from({ length: group.units }, (_, unit) => unit).filter((unit) => !keep.has(unit));
}

/**
 * Checks that a plan, from whatever source, fits a model; throws `plan-mismatch` with what is wrong and how to mend it. Returns the plan in full: what
 * leaves with heads is taken out of the neurons that stay, and what lies in branches that leave is not named.
 */
export function checkPlan(plan: unknown, analysis: Analysis): Plan {
  const fail = (message: string, group?: string): never => {
    throw new SnpError('plan-mismatch', message, group ? { group } : {});
  };
  const candidate = planOfThisVersion(plan);
  if (typeof candidate.groups !== 'object' || candidate.groups === null) fail(`The plan has no "groups".`);
  const own = fingerprint(analysis.model);
  if (candidate.model?.fingerprint !== own) {
    fail(
      `The plan was made for another model (structure ${candidate.model?.fingerprint ?? 'unknown'}, this model has ${own}). Make a new plan with 'snp prune' on this model.`,
    );
  }
  if (candidate.narrowCache && !analysis.narrowCache)
    fail(
      `The plan cuts past keys and values where they are inputs and outputs of the model. Analyse the model with them: '--narrow-cache', 'narrowCache: true'.`,
    );
  const groups = new Map(unitGroups(analysis).map((group) => [group.id, group]));
  for (const [id, entry] of Object.entries(candidate.groups)) {
    const group = groups.get(id);
    if (!group) {
      fail(
        analysis.heads.some((heads) => heads.id === id)
          ? `The plan takes heads of '${id}' away, but none may leave: ${analysis.heads.find((heads) => heads.id === id)!.frozen!.reason}.`
          : `The plan names a group '${id}' that this model does not have. It has: ${[...groups.keys()].join(', ')}.`,
        id,
      );
    } else checkEntry(entry, group, (message) => fail(`${message} (group '${id}')`, id));
  }
  const whole = completed(candidate, analysis);
  const withHeads = unitsOfRemovedHeads(whole, analysis.heads);
  for (const [id, { keep }] of Object.entries(whole.groups)) {
    const group = groups.get(id)!;
    if (group.kind !== 'block')
      checkLanes(keep, group, leftLanes(group, withHeads.get(id)), (message) => fail(`${message} (group '${id}')`, id));
  }
  return whole;
}

/**
 * What was read as a plan, of version 1 too; its form is checked by `checkPlan`.
 *
 * @throws SnpError `plan-mismatch` for what is no plan, or of another version.
 */
export function planOfThisVersion(value: unknown): Plan {
  const plan = value as Plan;
  if (typeof value !== 'object' || value === null || plan.format !== 'snp-plan')
    throw new SnpError(
      'plan-mismatch',
      `This is not a plan: it must be a JSON object with "format": "snp-plan", as 'snp prune --report' writes it.`,
    );
  const version: unknown = plan.version;
  if (version === 2) {
    checkTuning(plan.tuning);
    return plan.compensation ? { ...plan, compensation: checkRecipe(plan.compensation) } : plan;
  }
  if (version !== 1)
    throw new SnpError(
      'plan-mismatch',
      `This plan has version ${version}; this release reads versions 1 and 2. Make a new plan with 'snp prune'.`,
    );
  const { recovery, ...rest } = plan as Plan & { recovery?: unknown };
  const compensation = recipeOfVersion1(recovery);
  return { ...rest, version: 2, tool: 'unknown', ...(compensation && { compensation }) };
}

function checkTuning(recipe: unknown): void {
  const plain = (value: unknown) => ['number', 'string', 'boolean'].includes(typeof value);
  if (recipe === undefined) return;
  if (typeof recipe === 'object' && recipe !== null && Object.values(recipe).every(plain)) return;
  throw new SnpError(
    'plan-mismatch',
    `The plan's "tuning" is no object of numbers, texts and truth values. Make a new plan with 'snp prune'.`,
  );
}

/** The plan with all that follows from heads and branches that leave. */
function completed(plan: Plan, analysis: Analysis): Plan {
  const gone = new Set<string>();
  for (const branch of analysis.branches) {
    if (plan.groups[branch.id]?.keep.length !== 0) continue;
    for (const { id } of branch.groups) gone.add(id);
    for (const { id, block } of analysis.heads) if (branch.holds !== 'ffn' && block === branch.block) gone.add(id);
  }
  const withHeads = unitsOfRemovedHeads(
    plan,
    analysis.heads.filter(({ id }) => !gone.has(id)),
  );
  const groups: Record<string, GroupPlan> = {};
  for (const group of unitGroups(analysis)) {
    const entry = plan.groups[group.id];
    if (gone.has(group.id)) continue;
    const leaving = withHeads.get(group.id);
    if (entry === undefined && !leaving?.size) continue;
    const keep = entry?.keep ?? Array.from({ length: group.units }, (_, unit) => unit);
    groups[group.id] = { units: group.units, lanes: group.lanes, keep: keep.filter((unit) => !leaving?.has(unit)) };
  }
  return { ...plan, groups };
}

/** By group, the units that belong to heads which leave. */
function unitsOfRemovedHeads(plan: Plan, heads: readonly HeadSet[]): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const set of heads) {
    const removed = removedUnits(plan, set);
    if (removed.length === 0) continue;
    for (const { group, units } of set.parts) {
      const own = found.get(group.id) ?? new Set();
      for (const head of removed) for (const unit of units[head] ?? []) own.add(unit);
      found.set(group.id, own);
    }
  }
  return found;
}

/** Lanes of a group that do not leave with heads. */
function leftLanes({ lanes, laneOf }: Group, leaving: Iterable<number> = []): Set<number> {
  const gone = new Set([...leaving].map((unit) => laneOf[unit]));
  return new Set(Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => !gone.has(lane)));
}

function checkEntry(entry: GroupPlan, group: Group, fail: (message: string) => never): void {
  if (entry?.units !== group.units || entry.lanes !== group.lanes) {
    fail(
      `The plan says ${entry?.units} units in ${entry?.lanes} heads, the model has ${group.units} in ${group.lanes}.`,
    );
  }
  if (
    !Array.isArray(entry.keep) ||
    !entry.keep.every((unit) => Number.isInteger(unit) && unit >= 0 && unit < group.units)
  ) {
    fail(`"keep" must list unit numbers from 0 to ${group.units - 1}.`);
  }
  if (entry.keep.some((unit, at) => at > 0 && unit <= entry.keep[at - 1]))
    fail(`"keep" must be ascending, without repetition.`);
}

function checkLanes(
  keep: readonly number[],
  group: Group,
  lanes: ReadonlySet<number>,
  fail: (message: string) => never,
): void {
  const all = new Array<number>(group.lanes).fill(0);
  for (const unit of keep) all[group.laneOf[unit]]++;
  const counts = all.filter((_, lane) => lanes.has(lane));
  if (counts.some((count) => count !== counts[0])) {
    fail(`Every head must keep equally many units, but they keep ${counts.join(', ')}.`);
  }
  if (counts[0] === 0) fail('At least one unit per head must stay.');
}
